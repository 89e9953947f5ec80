"""Which records are one person, household or organisation: normalise, train, score, cluster.

All of it works on tables of a DuckDB connection that the caller gives, leaves only temporary tables there, knows no
project and no file, and is the same for the same records, in whatever order they come.
"""

from crm_pipeline.models.identity.cluster import ClusterReport, cluster
from crm_pipeline.models.identity.evidence import Agreement, coverage, evidence, explain, in_words
from crm_pipeline.models.identity.model import IdentityModel
from crm_pipeline.models.identity.normalise import normalise
from crm_pipeline.models.identity.scoring import ScoreReport, score
from crm_pipeline.models.identity.settings import (
    ASSIGNMENT_COLUMNS,
    INPUT_COLUMNS,
    NORMALISED_COLUMNS,
    PAIR_COLUMNS,
    BadValues,
    IdentitySettings,
)
from crm_pipeline.models.identity.train import train
from crm_pipeline.models.identity.truth import Metrics, bcubed_metrics, pair_metrics

__all__ = [
    "ASSIGNMENT_COLUMNS",
    "INPUT_COLUMNS",
    "NORMALISED_COLUMNS",
    "PAIR_COLUMNS",
    "Agreement",
    "BadValues",
    "ClusterReport",
    "IdentityModel",
    "IdentitySettings",
    "Metrics",
    "ScoreReport",
    "bcubed_metrics",
    "cluster",
    "coverage",
    "evidence",
    "explain",
    "in_words",
    "normalise",
    "pair_metrics",
    "score",
    "train",
]
