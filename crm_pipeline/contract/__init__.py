"""What a table is, and what is derived from its declaration."""
