"""Hypothesis strategies of configurations: those that are accepted, and those with something wrong in them."""
