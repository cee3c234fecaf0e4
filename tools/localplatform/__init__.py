"""The stack `local` on a Kubernetes: up, the pipeline in its pods, and down."""
