"""Measures training with Ray against one plain process; ``python -m bench.ray_training --help`` from the repository."""
