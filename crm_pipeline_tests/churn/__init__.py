"""Tests of the churn tables."""
