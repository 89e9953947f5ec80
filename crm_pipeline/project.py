"""A project: the folder with a ``crm.yaml`` that maps a company's files to the customer model."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crm_pipeline.alerts.settings import KINDS, AnyReceiver
from crm_pipeline.audiences.settings import AudienceSettings, check_audiences
from crm_pipeline.errors import UserError
from crm_pipeline.identity.settings import IdentitySettings
from crm_pipeline.ingestion.connectors import landed_files
from crm_pipeline.ingestion.connectors.secrets import check_url
from crm_pipeline.ingestion.connectors.settings import Extract, FilesExtract, extract_model_at
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline.model_choices import ModelChoice, TunedSettings, load_choices, load_tuned
from crm_pipeline.schedule import SnapshotGrid
from crm_pipeline.settings_words import in_words
from crm_pipeline.yaml_lines import closest, load_with_lines

if TYPE_CHECKING:
    from crm_pipeline.ingestion.entities import Entity

EXAMPLE = "data/complete_journey"
FROM_ORDER = ("customer_id", "ordered_at")
"""What lines take from their order when their source says `join` and does not map it."""
LAST_COMMON_DAY = 28


class Settings(BaseModel):
    """Base of every section: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DriftSettings(Settings):
    """``churn.drift``: from which population stability index, and from which ratio of odds, a check warns and fails.

    ``least_importance``: features that move the scores by less than this share of all movement are not judged.
    """

    psi_warning: float = Field(default=0.1, gt=0)
    psi_failure: float = Field(default=0.25, gt=0)
    odds_warning: float = Field(default=1.5, gt=1)
    odds_failure: float = Field(default=2.0, gt=1)
    least_importance: float = Field(default=0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> DriftSettings:
        for name in ("psi", "odds"):
            warning, failure = getattr(self, f"{name}_warning"), getattr(self, f"{name}_failure")
            if failure < warning:
                raise ValueError(f"{name}_failure ({failure:g}) is below {name}_warning ({warning:g})")
        return self


class ChurnSettings(Settings):
    """``churn``: the horizon, and the silent days after which a customer counts as gone (default: from the gaps).

    ``contact_cost``: of asking one customer to stay, in the project's currency (default: from the size of orders);
    ``save_rate``: share of those about to leave who stay when asked. Both only move the recommended cut-off.
    """

    horizon_days: int = Field(default=30, ge=1, le=730)
    active_days: int | None = Field(default=None, ge=1, le=3650)
    contact_cost: float | None = Field(default=None, ge=0, lt=1e9)
    save_rate: float = Field(default=0.1, gt=0, le=1)
    drift: DriftSettings = DriftSettings()


class ClvSettings(Settings):
    """``clv``: horizon, yearly discount rate and the margin that turns spend into value."""

    horizon_days: int = Field(default=90, ge=1, le=1095)
    discount_rate: float = Field(default=0.1, ge=0, lt=10)
    margin: float = Field(default=1.0, gt=0, le=1)


class SegmentSettings(Settings):
    """``segments``: ``custom`` names segments of the project's own, each a SQL predicate over a customer's row.

    ``clustering``: `kmeans` puts everyone into round groups, `hdbscan` finds dense ones of any shape, and outliers.
    """

    clustering: Literal["kmeans", "hdbscan"] = "kmeans"
    custom: dict[str, str] = Field(default_factory=dict)

    @field_validator("custom")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        if any(not name.strip() for name in value):
            raise ValueError("a custom segment needs a name")
        return value


class RecommendationSettings(Settings):
    """``recommendations``: horizon of the outcome, how many products each customer gets, and what is not recommended.

    ``available_days``: only products that anyone ordered in so many days before the snapshot (default: all).
    ``min_price``: only products with at least this mean price per unit, in the project's currency.
    ``excluded_categories``: categories or subcategories that are not pushed, in any spelling of capitals.
    ``rest_days``: what a customer bought in so many days before the snapshot is not recommended to them again, unless
    it is consumable: at least a fifth of its kind's orders are repeats of the same product.
    ``consent_purpose``: who refused this purpose in `consents`, and did not agree later, gets no list.
    """

    horizon_days: int = Field(default=30, ge=1, le=730)
    count: int = Field(default=10, ge=1, le=100)
    available_days: int | None = Field(default=None, ge=1, le=3650)
    min_price: float | None = Field(default=None, gt=0, lt=1e9)
    excluded_categories: tuple[str, ...] = ()
    rest_days: int | None = Field(default=None, ge=1, le=3650)
    consent_purpose: str | None = Field(default=None, min_length=1)


class ColumnMapping(Settings):
    """One entity column: a source column, or a SQL expression over source columns; and how its text is written."""

    column: str | None = None
    sql: str | None = None
    format: str | list[str] | None = None
    optional: bool = False

    @property
    def formats(self) -> tuple[str, ...]:
        """The ways in which a date or time may be written, tried in this order."""
        return (self.format,) if isinstance(self.format, str) else tuple(self.format or ())

    @field_validator("column", mode="before")
    @classmethod
    def _is_a_name(cls, value: Any) -> Any:
        """A header may look like a number to YAML; nothing and lists are no names."""
        if value is None or value == "" or isinstance(value, (list, dict)):
            raise ValueError("expected the name of a column of the file; leave the line out where there is none")
        return str(value)

    @model_validator(mode="after")
    def _one_of(self) -> ColumnMapping:
        if (self.column is None) == (self.sql is None):
            raise ValueError("expected exactly one of `column` and `sql`")
        return self


class Source(Settings):
    """One source of one entity.

    ``customer_keys`` names the number space of its customers' keys, where these mean nothing to other sources: the keys
    are then written ``<name>:<key>``. Sources that say nothing, or the same name, share their keys. Of a source of
    orders no more than ``largest_rejected_share`` of the rows may be rejected, or its tables stay as they were.
    ``where`` says, in the file's columns (as text), which rows are for the entity; the others are counted and left out.
    """

    entity: str
    path: str | None = None
    package: str | None = None
    extract: Extract | None = None
    time_zone: str | None = None
    data_through: date | None = None
    static: bool = False
    join: str | None = None
    customer_keys: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    largest_rejected_share: float = Field(default=0.5, ge=0, le=1)
    where: str | None = None
    read: ReadSettings = ReadSettings()
    columns: dict[str, ColumnMapping]
    rules: dict[str, str] = Field(default_factory=dict)

    @property
    def reads(self) -> dict[str, ColumnMapping]:
        """Everything that reads columns of the files: the mapping, and what says which rows are for the entity."""
        return self.columns if self.where is None else {**self.columns, "`where`": ColumnMapping(sql=self.where)}

    @property
    def amount_is_derived(self) -> bool:
        """Whether order lines say a price and no amount, so that it is quantity x price - discount."""
        return self.entity == "order_lines" and "unit_price" in self.columns and "net_amount" not in self.columns

    @field_validator("columns", mode="before")
    @classmethod
    def _plain_names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(key): {"column": item} if not isinstance(item, dict) else item for key, item in value.items()}

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if (self.path is None) == (self.extract is None):
            raise ValueError("expected exactly one of `path` and `extract`")
        if self.path is not None and "://" in self.path:
            check_url(self.path)
        if self.package is not None and self.extraction is not None:
            raise ValueError("`package` goes with a `path` inside that package")
        return self

    @property
    def extraction(self) -> Extract | None:
        """How the rows are fetched from elsewhere, before they are files; None for files that are here."""
        if self.path is not None and "://" in self.path:
            return Extract(files=FilesExtract(url=self.path))
        return self.extract


class Project(Settings):
    """A validated ``crm.yaml`` and the folder it lies in."""

    folder: Path
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: str = "UTC"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    language: Literal["en", "de"] = "en"
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
        from crm_pipeline.ingestion.entities import ENTITIES

        for zone in (self.time_zone, *(s.time_zone for s in self.sources.values() if s.time_zone)):
            if zone not in available_timezones():
                raise ValueError(f"time_zone: {zone!r} is not a known time zone{closest(zone, available_timezones())}")
        self._check_segments()
        check_audiences(self.audiences, set(self.segments.custom), self.folder)
        for name, source in self.sources.items():
            if source.entity not in ENTITIES:
                raise ValueError(
                    f"sources.{name}.entity: {source.entity!r} is not an entity{closest(source.entity, ENTITIES)}"
                )
            self._check_join(name, source)
        self.identity.check(self.sources_of("customers"))
        for name, source in self.sources.items():
            self.entity_of(name).check_mapping(name, source.columns, source.rules)
            if source.where is not None:
                _check_where(name, source.where)
        if not any(source.entity in ("order_lines", "orders") for source in self.sources.values()):
            raise ValueError("sources: no source maps to order_lines; without orders there is nothing to compute")
        grid = self.snapshots
        if self.automation == "declarative" and grid.is_finite:
            raise ValueError(
                "automation: declarative needs a series of snapshots without an end, "
                "as in snapshots: {every: month, first: 2024-06-01}"
            )
        if grid.every == "month" and not grid.is_finite and grid.first is not None and grid.first.day > LAST_COMMON_DAY:
            raise ValueError(
                f"snapshots.first: a monthly series without `last` begins on day 1 to {LAST_COMMON_DAY}, "
                "for some months have no later day (partitions are such a day of every month)"
            )
        return self

    def _check_segments(self) -> None:
        """ValueError when a custom segment's predicate is none."""
        if not self.segments.custom:
            return
        from crm_pipeline.segments.custom_segments import check_custom_segment

        for name, predicate in self.segments.custom.items():
            try:
                check_custom_segment(predicate)
            except ValueError as error:
                raise ValueError(f"segments.custom.{name}: {error}") from None

    def _check_join(self, name: str, source: Source) -> None:
        """ValueError when `join` stands where it has no meaning, or names no source of orders."""
        if source.join is None:
            return
        where = f"sources.{name}.join"
        if source.entity != "order_lines":
            raise ValueError(f"{where}: only order_lines take their date and customer from a source of orders")
        headers = {other for other, candidate in self.sources.items() if candidate.entity == "orders"}
        if source.join not in headers:
            hint = closest(source.join, headers) if headers else "; add one with entity: orders"
            raise ValueError(f"{where}: {source.join!r} is not a source of orders{hint}")

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


def _check_where(name: str, predicate: str) -> None:
    """ValueError when it is no predicate."""
    from crm_pipeline.contract.sql import check_predicate

    try:
        check_predicate(predicate)
    except ValueError as error:
        raise ValueError(f"sources.{name}.where: {error}") from None


def _glob(base: Path, pattern: str) -> list[str]:
    import glob

    full = pattern if os.path.isabs(pattern) else str(base / pattern)
    return [p for p in glob.glob(full, recursive=True) if os.path.isfile(p)]


def _message(error: ValidationError, lines: dict[tuple[str, ...], int], path: Path) -> str:
    parts = []
    for item in error.errors():
        where = tuple(str(step) for step in item["loc"])
        line = next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), 1)
        text = in_words(item)
        if not where and ":" in text:
            named = tuple(text.split(":", 1)[0].split("."))
            line = next((lines[named[:n]] for n in range(len(named), 0, -1) if named[:n] in lines), line)
        if item["type"] == "extra_forbidden":
            model = _model_at(where[:-1])
            text = f"unknown key{closest(where[-1], set(model.model_fields) - {'folder'})}" if model else "unknown key"
        parts.append(f"{path}, line {line}: {'.'.join(where) + ': ' if where else ''}{text}")
    return "\n".join(parts)


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
    if "folder" in values:
        raise UserError(f"{path}, line {lines[('folder',)]}: folder: unknown key; a project is the folder it lies in")
    try:
        return Project.model_validate({**values, "folder": path.parent})
    except ValidationError as error:
        message = _message(error, lines, path)
    # raised here and not above, where it would keep hold of the other error with all its frames
    raise UserError(message)


def free_bytes(folder: Path) -> int:
    """Free space where the warehouse is or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
