"""Trains gradient-boosted trees on the features that Spark prepared, with Ray, tracked and registered by MLflow.

Nothing here needs Spark: the Spark session has ended with the process that prepared the data, so its memory is free
before Ray asks for any.
"""
