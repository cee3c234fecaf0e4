"""Measures into how many parts a shuffle of the preparation is best divided; ``python -m bench.shuffle --help``."""
