"""The command line."""

from crm_pipeline.cli import act, build, model, show
from crm_pipeline.cli.common import PROJECT_VARIABLE, main

__all__ = ["PROJECT_VARIABLE", "act", "build", "main", "model", "show"]
