"""Runs that are killed at random moments, and what the next one makes of it."""
