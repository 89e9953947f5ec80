"""Tests of the customer page."""
