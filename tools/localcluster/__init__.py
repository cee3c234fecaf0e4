"""A bare Kubernetes on this machine, one real node per service type."""
