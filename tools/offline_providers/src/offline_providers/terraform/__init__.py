"""Asks a Terraform provider, over its plugin protocol and without credentials, what it thinks of the program."""
