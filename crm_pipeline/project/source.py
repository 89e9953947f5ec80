"""A source of one entity in ``crm.yaml``: where its rows come from, and which column means what."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field, field_validator, model_validator

from crm_pipeline.ingestion.connectors.secrets import check_url
from crm_pipeline.ingestion.connectors.settings import Extract, FilesExtract
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline.project.settings import Settings


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
