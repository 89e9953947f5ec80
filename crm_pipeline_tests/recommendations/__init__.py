"""Tests of the recommendations stage."""
