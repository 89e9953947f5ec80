"""Tests of audiences."""
