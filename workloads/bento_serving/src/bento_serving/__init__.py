"""The model behind typed HTTP services: pattern A (embedded in a Bento) and pattern B (a file on shared storage)."""
