"""Ten thousand pods on a thousand pretended nodes, measured."""
