"""The rights of pods on AWS, through EKS Pod Identity."""
