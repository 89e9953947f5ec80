"""The chapters of the report: which query, which chart, and the sentence that an analyst would say of it."""

from __future__ import annotations

from collections.abc import Callable

from crm_pipeline.report.blocks import Block, Chapter, Desk
from crm_pipeline.report.chapters.business import business, quality
from crm_pipeline.report.chapters.churn import churn
from crm_pipeline.report.chapters.models import models
from crm_pipeline.report.chapters.recommendations import recommendations
from crm_pipeline.report.chapters.segments import cohorts, segments
from crm_pipeline.report.chapters.value import value

CHAPTERS: tuple[tuple[str, Callable[[Desk], list[Block]]], ...] = (
    ("business", business),
    ("quality", quality),
    ("value", value),
    ("segments", segments),
    ("cohorts", cohorts),
    ("churn", churn),
    ("recommendations", recommendations),
    ("models", models),
)


def write_chapters(desk: Desk) -> list[Chapter]:
    """All chapters, in the order in which they are read."""
    return [Chapter(name, desk.words(f"chapter_{name}"), tuple(write(desk))) for name, write in CHAPTERS]
