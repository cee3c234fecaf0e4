"""What runs on Ray: the cluster, the workers that boost together, and the trials of the tuning."""
