"""The cluster: control plane, nodes, add-ons, and the controllers that speak to AWS."""
