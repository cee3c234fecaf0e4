"""From flights to the numbers that a model takes."""
