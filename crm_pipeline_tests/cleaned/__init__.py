"""Tests of the cleaned tables."""
