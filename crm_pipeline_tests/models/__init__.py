"""Tests of crm_pipeline.models."""
