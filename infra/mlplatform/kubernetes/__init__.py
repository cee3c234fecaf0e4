"""What objects on the cluster have in common, whether the foundation or a service makes them."""
