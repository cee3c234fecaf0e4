"""The PostgreSQL server of MLflow, Airflow and the Hive metastore."""
