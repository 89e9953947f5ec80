"""What people look at: one self-contained page per snapshot, and one per customer, from `published.duckdb`."""
