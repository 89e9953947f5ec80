"""Tests of crm_pipeline.contract."""
