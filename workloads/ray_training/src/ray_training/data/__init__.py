"""The data set that Spark prepared: where it lies, what its manifest says, and its rows as arrays."""
