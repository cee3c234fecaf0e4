"""MLflow's tracking server on the platform's database and lake."""
