"""Tells a person what their machine, or their AWS account, lacks."""
