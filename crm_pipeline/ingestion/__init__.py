"""Source files become immutable, content-addressed Parquet; their rows are read as text and judged one by one."""
