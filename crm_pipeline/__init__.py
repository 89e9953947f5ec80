"""Open-source customer analytics: Dagster assets from raw exports to scored customers in DuckDB."""
