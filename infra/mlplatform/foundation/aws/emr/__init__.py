"""EMR on EC2 and EMR on EKS."""
