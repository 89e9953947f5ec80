"""What changed between the states after two runs: tables, parts, rows, columns, and the inputs of scores."""
