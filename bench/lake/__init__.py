"""Measures `make run LAKE=s3` beside `make run`; ``python -m bench.lake --help``."""
