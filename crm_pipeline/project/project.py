"""The whole of ``crm.yaml``, checked for consistency, and the folder it lies in."""

from __future__ import annotations

import glob
import os
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from crm_pipeline.alerts.settings import AnyReceiver
from crm_pipeline.audiences.settings import AudienceSettings
from crm_pipeline.errors import UserError
from crm_pipeline.identity.settings import IdentitySettings
from crm_pipeline.ingestion.connectors import landed_files
from crm_pipeline.ingestion.connectors.settings import Extract
from crm_pipeline.model_choices import ModelChoice, TunedSettings, load_choices, load_tuned
from crm_pipeline.project.consistency import MistakesError, problems_of
from crm_pipeline.project.settings import (
    ChurnSettings,
    ClvSettings,
    RecommendationSettings,
    SegmentSettings,
    Settings,
)
from crm_pipeline.project.source import Source
from crm_pipeline.schedule import SnapshotGrid

if TYPE_CHECKING:
    from crm_pipeline.ingestion.entity import Entity

FROM_ORDER = ("customer_id", "ordered_at")
"""What lines take from their order when their source says `join` and does not map it."""


class Project(Settings):
    """A validated ``crm.yaml`` and the folder it lies in."""

    folder: Path
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: str = "UTC"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    language: Literal["en", "de", "zh"] = "en"
    snapshots: SnapshotGrid
    automation: Literal["schedules", "declarative"] = "schedules"
    data_through: date | None = None
    churn: ChurnSettings = ChurnSettings()
    clv: ClvSettings = ClvSettings()
    recommendations: RecommendationSettings = RecommendationSettings()
    segments: SegmentSettings = SegmentSettings()
    alerts: dict[str, AnyReceiver] = Field(default_factory=dict)
    audiences: dict[str, AudienceSettings] = Field(default_factory=dict)
    identity: IdentitySettings = IdentitySettings()
    sources: dict[str, Source] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Project:
        problems = list(problems_of(self))
        if problems:
            raise MistakesError(problems)
        return self

    def entity_of(self, name: str) -> Entity:
        """What a source's rows must have: its entity, less what `join` fills in or nothing else needs."""
        from crm_pipeline.ingestion.entities import ENTITIES

        source = self.sources[name]
        entity = ENTITIES[source.entity]
        if source.amount_is_derived:
            entity = entity.not_needing("net_amount").needing("unit_price")
        if source.join is not None:
            return entity.not_needing(*(column for column in FROM_ORDER if column not in source.columns))
        if any(other.join == name for other in self.sources.values()) and "net_amount" not in source.columns:
            return entity.not_needing("net_amount")
        return entity

    @cached_property
    def model_choices(self) -> tuple[ModelChoice, ...]:
        """Which churn models a person wants published (`models.yaml`); UserError for a mistake in that file."""
        return load_choices(self.folder)

    @cached_property
    def tuned_settings(self) -> tuple[TunedSettings, ...]:
        """Settings of churn models that a search found (`models.yaml`); UserError for a mistake in that file."""
        return load_tuned(self.folder)

    @property
    def warehouse_folder(self) -> Path:
        """Where everything that the pipeline writes for this project lives."""
        return self.folder / "warehouse"

    @property
    def dagster_home(self) -> Path:
        """The Dagster instance of this project."""
        return self.warehouse_folder / "dagster"

    @property
    def extractions(self) -> dict[str, Extract]:
        """The sources that are fetched from elsewhere, by name in alphabetical order."""
        found = {name: self.sources[name].extraction for name in sorted(self.sources)}
        return {name: extract for name, extract in found.items() if extract is not None}

    def landed_folder(self, name: str) -> Path:
        """Where the files of a source that is fetched from elsewhere lie, below `warehouse/landed/<source>`."""
        extract = self.sources[name].extraction
        assert extract is not None
        return self.warehouse_folder / "landed" / name / extract.generation

    @property
    def zone(self) -> ZoneInfo:
        """The project's time zone."""
        return ZoneInfo(self.time_zone)

    def today(self, now: datetime) -> date:
        """The project's calendar day at ``now`` (an aware time): time is an argument."""
        return now.astimezone(self.zone).date()

    def sources_of(self, entity: str) -> dict[str, Source]:
        """The sources of one entity, by name in alphabetical order."""
        return {name: self.sources[name] for name in sorted(self.sources) if self.sources[name].entity == entity}

    def settings_hash(self, *sections: str) -> str:
        """Digest of the settings that tables after ``cleaned`` depend on."""
        chosen = sections or ("currency", "language", "week_start", "churn", "clv", "recommendations")
        text = "\n".join(f"{section}={getattr(self, section)!r}" for section in chosen)
        return sha256(text.encode()).hexdigest()[:16]

    def source_base(self, name: str) -> Path:
        """The folder that a source's path is relative to: the project's, or the installed package's."""
        source = self.sources[name]
        if source.package is None:
            return self.folder
        try:
            spec = find_spec(source.package)
        except (ImportError, ValueError):  # a part of a dotted name is not there, or it is no name
            spec = None
        if spec is None or spec.origin is None:
            raise UserError(
                f"{self.folder / 'crm.yaml'}: sources.{name}: the Python package {source.package!r} is not installed; "
                "install it or use a path"
            )
        return Path(spec.origin).parent

    def source_files(self, name: str) -> list[Path]:
        """The files of a source, sorted by name; a clear error when there is none (landed files may yet come)."""
        if self.sources[name].extraction is not None:
            return landed_files(self.landed_folder(name))
        base = self.source_base(name)
        pattern = os.path.expanduser(self.sources[name].path or "")
        found = sorted(Path(p) for p in _glob(base, pattern))
        if not found:
            raise UserError(
                f"{self.folder / 'crm.yaml'}: sources.{name}: no file matches {pattern!r} in {base}; "
                "put the file there or correct `path`"
            )
        return found


def _glob(base: Path, pattern: str) -> list[str]:
    full = pattern if os.path.isabs(pattern) else str(base / pattern)
    return [p for p in glob.glob(full, recursive=True) if os.path.isfile(p)]
