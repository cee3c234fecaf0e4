"""Raw flights to features in Parquet, with Spark.

The steps, in the order of their modules: `raw.raw_tables` (what the files hold), `fingerprint` (has anything
changed?), `raw.reading` (text to typed columns), `raw.validation` (rows that are refused), `features.events` (when was
what known?), `features.snapshots` and `features.lookups` (the tables that both the batch and the services look features
up in), `features.dataset` (the flights with their features), `publishing.publication` (whole or not at all), `pipeline`
(all of it).
"""
