"""What an environment stands on: `aws` makes it in an account, `incluster` on the nodes of a cluster that is there."""
