"""Measures both serving patterns against MLflow's own model server, with the same model."""
