"""Ray, under its operator or of a fixed size."""
