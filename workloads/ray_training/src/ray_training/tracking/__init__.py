"""What MLflow keeps: the run with its plots, the registered versions, and which of them is the champion."""
