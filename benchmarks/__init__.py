"""Timed runs on simulated shops; not part of the test suite."""
