"""Mistakes made on purpose, one at a time, and which test notices each."""
