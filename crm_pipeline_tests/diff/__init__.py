"""Tests of `crm_pipeline.diff`."""
