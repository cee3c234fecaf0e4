"""The whole pipeline on many times the rows: what each step takes."""
