"""The raw files: what they hold, text to typed columns, and which rows are refused."""
