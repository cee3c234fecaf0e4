"""pulumi-eks, simulated."""
