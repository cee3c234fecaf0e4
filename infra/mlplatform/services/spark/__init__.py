"""Spark on Kubernetes."""
