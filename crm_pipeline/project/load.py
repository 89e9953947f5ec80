"""Read and validate ``crm.yaml``; every mistake is told with its line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from crm_pipeline.alerts.settings import KINDS
from crm_pipeline.audiences.settings import AudienceSettings
from crm_pipeline.errors import UserError
from crm_pipeline.identity.settings import IdentitySettings
from crm_pipeline.ingestion.connectors.settings import extract_model_at
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline.project.mistakes import Mistake, mistakes_in
from crm_pipeline.project.project import Project
from crm_pipeline.project.settings import (
    ChurnSettings,
    ClvSettings,
    DriftSettings,
    RecommendationSettings,
    SegmentSettings,
)
from crm_pipeline.project.source import ColumnMapping, Source
from crm_pipeline.schedule import SnapshotGrid
from crm_pipeline.yaml_lines import closest, load_with_lines

EXAMPLE = "data/complete_journey"
"""The project in the repository that runs by default."""


def load_project(folder: Path | str) -> Project:
    """Read and validate ``<folder>/crm.yaml``; every mistake is a UserError with file, line and a hint."""
    folder = Path(folder).expanduser().resolve()
    path = folder / "crm.yaml" if folder.is_dir() or folder.suffix != ".yaml" else folder
    if not path.is_file():
        raise UserError(
            f"no project at {path.parent}: expected a file crm.yaml there; choose another folder with --project"
        )
    values, lines = load_with_lines(path)
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected a mapping with keys such as name, currency, snapshots and sources")
    found = [Mistake(("folder",), "unknown key; a project is the folder it lies in", {})] if "folder" in values else []

    def validated(given: Mapping[str, Any]) -> Project:
        return Project.model_validate({**given, "folder": path.parent})

    if not found:
        with suppress(ValidationError):  # told of below, where the message keeps hold of no other error with its frames
            return validated(values)
    found += mistakes_in(values, validated)
    raise UserError("\n".join(f"{path}, line {_line(item.where, lines)}: {_text(item)}" for item in found))


def _line(where: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> int:
    """The line of the key, or of the nearest one around it that has a line."""
    return next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), 1)


def _text(item: Mistake) -> str:
    """The key and what is wrong with it."""
    where, text = item.where, item.text
    if item.found.get("type") == "extra_forbidden":
        model = _model_at(where[:-1])
        text = f"unknown key{closest(where[-1], set(model.model_fields) - {'folder'})}" if model else "unknown key"
    return f"{'.'.join(where) + ': ' if where else ''}{text}"


def _model_at(where: tuple[str, ...]) -> type[BaseModel] | None:
    if not where:
        return Project
    sections: dict[str, type[BaseModel]] = {
        "churn": ChurnSettings,
        "clv": ClvSettings,
        "recommendations": RecommendationSettings,
        "segments": SegmentSettings,
        "snapshots": SnapshotGrid,
        "identity": IdentitySettings,
    }
    if where == ("churn", "drift"):
        return DriftSettings
    if where[0] == "alerts" and len(where) == 3:
        return KINDS.get(where[2])
    if where[0] == "audiences" and len(where) == 2:
        return AudienceSettings
    if where[0] == "sources":
        if where[2:3] == ("extract",):
            return extract_model_at(where[3:])
        if where[2:] == ("read",):
            return ReadSettings
        of_sources: dict[int, type[BaseModel]] = {2: Source, 4: ColumnMapping}
        return of_sources.get(len(where))
    return sections.get(where[0])
