"""Tests of crm_pipeline.simulation."""
