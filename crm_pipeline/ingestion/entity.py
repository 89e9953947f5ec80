"""What an entity of the customer model is: its columns, key and rules, and what may be wrong with a mapping to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import duckdb

from crm_pipeline.contract.sql import check_predicate, referenced_columns, safe_casts
from crm_pipeline.contract.table import Pii
from crm_pipeline.yaml_lines import closest


class Mapped(Protocol):
    """What a mapping of one column says."""

    @property
    def sql(self) -> str | None: ...
    @property
    def formats(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class EntityColumn:
    """One column that a source may fill; ``required`` ones must have a value in every row.

    ``is_attribute``: the value, which names nobody by itself, is an attribute of the customer as well.
    """

    name: str
    type: str
    description: str
    required: bool = False
    pii: Pii = "none"
    is_attribute: bool = False


@dataclass(frozen=True)
class Entity:
    """One entity of the customer model.

    ``key`` identifies a row (customers: per source and time at which it was known, so that what sources say adds up and
    keeps its history); ``event_time`` is the column that says when it happened (None: a thing without a time).
    ``generated_key`` is filled with a digest of the row's content where the source has no identifier of its own.
    ``rules`` hold for every row: predicate and what to say when it fails. With ``extra_columns``, columns beyond the
    entity's own become attributes.
    """

    name: str
    description: str
    columns: tuple[EntityColumn, ...]
    key: tuple[str, ...]
    event_time: str | None = None
    generated_key: str | None = None
    rules: tuple[tuple[str, str], ...] = ()
    extra_columns: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the entity's own columns."""
        return tuple(column.name for column in self.columns)

    def not_needing(self, *names: str) -> Entity:
        """The same entity whose rows may lack these columns."""
        return replace(
            self, columns=tuple(replace(c, required=c.required and c.name not in names) for c in self.columns)
        )

    def needing(self, *names: str) -> Entity:
        """The same entity whose rows must have these columns as well."""
        return replace(self, columns=tuple(replace(c, required=c.required or c.name in names) for c in self.columns))

    def mapping_problems(self, source: str, columns: Mapping[str, Mapped], rules: Mapping[str, str]) -> Iterator[str]:
        """An unknown column is mapped, a required one is not, or an expression or rule cannot be used."""
        where = f"sources.{source}.columns"
        misspelt = set()
        for name, mapping in columns.items():
            if name not in self.column_names and not self.extra_columns:
                hint = closest(name, self.column_names)
                misspelt |= {column for column in self.column_names if f"{column!r}" in hint}
                yield f"{where}.{name}: {self.name} has no column {name!r}{hint}"
                continue
            try:
                if mapping.sql is not None:
                    safe_casts(mapping.sql)
                for pattern in mapping.formats:
                    self._check_format(name, pattern)
            except ValueError as error:
                yield f"{where}.{name}: {error}"
        for column in self.columns:
            if column.required and column.name not in columns and column.name not in misspelt:
                yield f"{where}: {self.name} needs the column {column.name!r} ({column.description})"
        for reason, predicate in rules.items():
            try:
                check_predicate(predicate)
                self._bind(predicate)
            except ValueError as error:
                yield f"sources.{source}.rules.{reason}: {error}"

    def _check_format(self, name: str, pattern: str) -> None:
        """ValueError when a pattern is none, or is given for what is not a date or time."""
        kinds = {column.name: column.type for column in self.columns}
        if kinds.get(name) not in ("timestamp", "date"):
            raise ValueError("`format` says how dates and times are written; this column is neither")
        self._evaluate(f"try_strptime('', '{_quoted(pattern)}')", f"`format: {pattern}`")

    def _bind(self, predicate: str) -> None:
        """ValueError when a rule names a column that the entity does not have, or compares what cannot be compared."""
        known = {column.name for column in self.columns} - {"known_at"}
        unknown = [name for name in referenced_columns(predicate) if name.lower() not in known]
        if unknown:
            raise ValueError(f"{self.name} has no column {unknown[0]!r}{closest(unknown[0], known)}")
        self._evaluate(f"({safe_casts(predicate)}) is true", f"`{predicate}`")

    def _evaluate(self, expression: str, shown: str) -> None:
        """Compute an expression over one row, whose values the engine cannot fold away; ValueError when it fails."""
        values = ", ".join(f'{_SAMPLES[c.type.split("(")[0]]}::{c.type} as "{c.name}"' for c in self.columns)
        problem = None
        with duckdb.connect() as connection:
            connection.execute(f"create temporary table sample as select {values}")
            try:
                connection.execute(f"select {expression} from sample").fetchall()
            except duckdb.Error as error:
                problem = str(error).splitlines()[0]
        if problem:
            raise ValueError(f"{shown} cannot be used: {problem}")


_SAMPLES = {"varchar": "'x'", "decimal": "1", "boolean": "true", "timestamp": "'2000-01-01'", "date": "'2000-01-01'"}


def _quoted(text: str) -> str:
    return text.replace("'", "''")
