"""The VPC with its subnets and routes, the ways to AWS's services inside it, and the flow logs."""
