"""Namespaces, and what each may use: its accounts, their rights at the API, its share of the nodes."""
