"""Who is who: records of customers matched across sources, their stable ids and golden records. All of it in the vault."""
