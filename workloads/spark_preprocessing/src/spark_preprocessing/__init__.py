"""Raw flights to features in Parquet, with Spark.

The steps, in the order of their modules: `raw_tables` (what the files hold), `fingerprint` (has anything changed?),
`reading` (text to typed columns), `validation` (rows that are refused), `events` (when was what known?), `snapshots`
and `lookups` (the tables that both the batch and the services look features up in), `dataset` (the flights with their
features), `publication` (whole or not at all), `pipeline` (all of it).
"""
