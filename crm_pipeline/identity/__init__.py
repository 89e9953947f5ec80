"""Who is who: records of customers matched across sources, their stable ids, golden records. All in the vault."""
