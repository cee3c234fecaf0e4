"""Kubernetes: for plans without a cluster, and for real on one."""
