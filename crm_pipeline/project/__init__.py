"""A project: the folder with a ``crm.yaml`` that maps a company's files to the customer model."""

from crm_pipeline.project.load import EXAMPLE, load_project
from crm_pipeline.project.project import FROM_ORDER, Project
from crm_pipeline.project.settings import DriftSettings, RecommendationSettings
from crm_pipeline.project.source import ColumnMapping, Source

__all__ = [
    "EXAMPLE",
    "FROM_ORDER",
    "ColumnMapping",
    "DriftSettings",
    "Project",
    "RecommendationSettings",
    "Source",
    "load_project",
]
