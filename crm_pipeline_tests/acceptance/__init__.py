"""Acceptance tests: the whole, from the command line to the files, on simulated shops."""
