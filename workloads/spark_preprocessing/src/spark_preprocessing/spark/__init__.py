"""The Spark session and its properties: of Java, of the contract's profile of executors, and of S3."""
