"""Pure models and their judging: data frames in, data frames out; no Dagster, no I/O."""
