"""`audiences` in crm.yaml: who is in each, in which form it is handed over, and who is held out."""

from __future__ import annotations

import re
from itertools import combinations, permutations
from os.path import normpath
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crm_pipeline.ingestion.connectors.secrets import check_url

NAME = re.compile(r"[a-z][a-z0-9_]*")
TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
OWN_COLUMNS = ("audience", "snapshot_date", "customer_id")
"""Columns that each export has by itself."""
PLACES = ("audience", "snapshot")
"""What stands in braces in `path`."""
SOME_DAY, ANY_DAY = "9999-12-31", r"\d{4}-\d{2}-\d{2}"
"""Stand for a snapshot, to compare files with each other."""


class AudienceSettings(BaseModel):
    """One audience: exactly one of ``segment``, ``where`` and ``query`` says who is in it.

    ``segment``: an RFM segment, a segment of `segments.custom`, or the label of a cluster. ``where``: a predicate over
    a customer's row, as in `segments.custom`. ``query``: a select over the published tables with a column
    `customer_id`; it may name `$snapshot_date`. ``columns``: of the customer's row, added to what is exported.
    ``control_share``: of the customers, drawn by a digest of ``salt`` (default: the audience's name) and customer,
    that are not exported. ``consent_purpose``: only who agreed to it in `consents` (``consent: not_refused``: who did
    not refuse it). ``on_schedule``: exported after each run; otherwise only by `crm-pipeline export`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: str | None = Field(default=None, min_length=1)
    where: str | None = None
    query: str | None = None
    columns: tuple[str, ...] = ()
    format: Literal["csv", "parquet", "table"] = "csv"
    path: str | None = Field(default=None, min_length=1)
    url: str | None = None
    table: str | None = None
    control_share: float = Field(default=0.0, ge=0, lt=1)
    salt: str | None = Field(default=None, min_length=1)
    consent_purpose: str | None = Field(default=None, min_length=1)
    consent: Literal["granted", "not_refused"] = "granted"
    on_schedule: bool = True

    @field_validator("where")
    @classmethod
    def _predicate(cls, value: str | None) -> str | None:
        from crm_pipeline.segments.custom_segments import check_custom_segment

        if value is not None:
            check_custom_segment(value)
        return value

    @field_validator("query")
    @classmethod
    def _select(cls, value: str | None) -> str | None:
        from crm_pipeline.audiences.queries import check_query

        if value is not None:
            check_query(value)
        return value

    @field_validator("columns")
    @classmethod
    def _of_a_customer(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from crm_pipeline.segments.custom_segments import predicate_columns
        from crm_pipeline.yaml_lines import closest

        known = set(predicate_columns()) - set(OWN_COLUMNS)
        for name in value:
            if name in OWN_COLUMNS:
                raise ValueError(f"{name} is exported anyway; leave it out")
            if name not in known:
                raise ValueError(f"{name!r} is not a column of a customer's row{closest(name, known)}")
        if len(set(value)) != len(value):
            raise ValueError("a column is named twice")
        return value

    @field_validator("url")
    @classmethod
    def _no_password(cls, value: str | None) -> str | None:
        return value if value is None else check_url(value)

    @field_validator("table")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and TABLE_NAME.fullmatch(value) is None:
            raise ValueError("expected the name of a table, as in win_back or marketing.win_back")
        return value

    @field_validator("path")
    @classmethod
    def _says_when(cls, value: str | None) -> str | None:
        unknown = [place for place in re.findall(r"\{([^}]*)\}", value or "") if place not in PLACES]
        if unknown:
            raise ValueError(f"{{{unknown[0]}}} is not known; {{audience}} and {{snapshot}} are")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> AudienceSettings:
        if sum(value is not None for value in (self.segment, self.where, self.query)) != 1:
            raise ValueError("expected exactly one of `segment`, `where` and `query`")
        if self.query is not None and self.columns:
            raise ValueError("`columns` goes with `segment` and `where`; a query selects its own")
        if self.format == "table" and (self.url is None or self.path is not None):
            raise ValueError(
                "format: table needs `url`, as in postgresql://user:${PASSWORD}@host/database, and no `path`"
            )
        if self.format != "table" and (self.url is not None or self.table is not None):
            raise ValueError("`url` and `table` go with format: table")
        return self

    def filled_path(self, name: str, snapshot: str) -> str:
        """Where the file of an export goes, relative to the project; by default below `warehouse/audiences`."""
        path = self.path or f"warehouse/audiences/{{audience}}/{{snapshot}}.{self.format}"
        return path.replace("{audience}", name).replace("{snapshot}", snapshot)

    def salt_of(self, name: str) -> str:
        """What decides, with the customer, who is held out."""
        return self.salt or name


def check_audiences(audiences: dict[str, AudienceSettings], custom: set[str], folder: Path) -> None:
    """ValueError, beginning with the key: a name that is none, a segment that two things are called, a shared file."""
    from crm_pipeline.segments.rfm_segments import RFM_RULES

    named = {rule.name for rule in RFM_RULES}
    for name, audience in audiences.items():
        if NAME.fullmatch(name) is None:
            raise ValueError(
                f"audiences.{name}: expected lower-case letters, digits and _, beginning with a letter: it names files"
            )
        if audience.segment in named & custom:
            raise ValueError(
                f"audiences.{name}.segment: {audience.segment!r} is an RFM segment and one of segments.custom; "
                "give your own another name"
            )
    _check_paths(audiences, folder)


def _check_paths(audiences: dict[str, AudienceSettings], folder: Path) -> None:
    """ValueError where two audiences write the same file, at least at some snapshot."""
    files = {name: audience for name, audience in audiences.items() if audience.format != "table"}
    for (first, one), (second, other) in combinations(files.items(), 2):
        for (name, pattern), (with_name, filled) in permutations(((first, one), (second, other))):
            written = _at(folder, filled.filled_path(with_name, SOME_DAY))
            expected = re.escape(_at(folder, pattern.filled_path(name, SOME_DAY)))
            if re.fullmatch(expected.replace(re.escape(SOME_DAY), ANY_DAY), written):
                raise ValueError(
                    f"audiences.{second}.path: the same file as that of audiences.{first}, so that one would overwrite "
                    "the other; add {audience} to the path"
                )


def _at(folder: Path, path: str) -> str:
    return normpath(folder / Path(path).expanduser())
