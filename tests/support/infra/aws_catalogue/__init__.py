"""What AWS documents of itself, dated: lists of names and versions, and the metrics of its services."""
