"""For scores that moved: for how many customers, how far, and which inputs moved for the same customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.diff.contents import Contents
from crm_pipeline.diff.states import State
from crm_pipeline.warehouse.candidate import Part

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCORES = {
    "churn_predictions": ("churn_probability", ("customer_id",)),
    "customer_clv": ("clv", ("customer_id",)),
    "customer_recommendations": ("rank", ("customer_id", "product_id")),
}
"""Table of a score: its column, and what it is the score of (within a snapshot)."""

CUSTOMER = "customer_id"


@dataclass(frozen=True)
class MovedInput:
    """An input that differs for ``customers`` of those whose score moved; ``column`` None: rows of an event table."""

    table: str
    column: str | None
    customers: int


@dataclass(frozen=True)
class ScoreMove:
    """How a score moved. ``mean`` and ``most`` are absolute differences where it is there on both sides."""

    score: str
    customers: int
    mean: float | None
    most: float | None
    inputs: tuple[MovedInput, ...]
    models: tuple[str, ...]
    """Registries whose entry for the snapshot differs: a change for everybody."""
    unknown: tuple[str, ...]
    """Inputs whose former content is gone."""


def score_move(
    contents: Contents, table: Table, part: Part, before: State, after: State, upstream: Sequence[Table]
) -> ScoreMove | None:
    """The move of one part's score; None when it is no score's table, or a content is gone.

    ``upstream``: what the table is made of; those with customers are searched for what moved.
    """
    if table.name not in SCORES:
        return None
    sides = _sides(contents, table, part, before, after)
    if sides is None:
        return None
    score, keys = SCORES[table.name]
    connection = contents.connection
    _moved_customers(connection, sides, score, keys)
    (row,) = connection.execute(
        f"select count(distinct {CUSTOMER}), avg(distance)::double, max(distance)::double from moved"
    ).fetchall()
    inputs: list[MovedInput] = []
    unknown: list[str] = []
    for read in upstream:
        if CUSTOMER not in read.column_names or read.name == table.name:
            continue
        key = part if read.is_partitioned else None
        if _same(before, after, read.name, key):
            continue
        given = _sides(contents, read, key, before, after)
        if given is None:
            unknown.append(read.name)
        elif read.is_partitioned and set(read.grain) == {read.partition_column, CUSTOMER}:
            inputs += _moved_columns(connection, read, given)
        else:
            inputs += _moved_rows(connection, read, given, part)
    models = [
        item.name for item in upstream if item.kind == "append_only" and not _same(before, after, item.name, part)
    ]
    found = sorted(inputs, key=lambda item: (-item.customers, item.table, item.column or ""))
    moved = tuple(item for item in found if item.customers)
    return ScoreMove(score, int(row[0]), row[1], row[2], moved, tuple(models), tuple(unknown))


def _same(before: State, after: State, name: str, part: Part) -> bool:
    old, new = before.parts.get((name, part)), after.parts.get((name, part))
    return old is None or new is None or old.content_hash == new.content_hash


def _sides(contents: Contents, table: Table, part: Part, before: State, after: State) -> tuple[str, str] | None:
    old, new = before.parts.get((table.name, part)), after.parts.get((table.name, part))
    if old is None or new is None:
        return None
    first, second = contents.query(table, part, old), contents.query(table, part, new)
    return None if first is None or second is None else (first, second)


def _moved_customers(connection: DuckDBPyConnection, sides: tuple[str, str], score: str, keys: Sequence[str]) -> None:
    """Fill `moved`: what is scored (customers, or customers and products), and how far its score moved."""
    names = ", ".join(keys)
    connection.execute(
        f"create or replace temporary table moved as "
        f"with a as (select {names}, {score} as score from ({sides[0]})), "
        f"b as (select {names}, {score} as score from ({sides[1]})) "
        f"select {names}, abs(a.score - b.score)::double as distance from a full join b using ({names}) "
        "where a.score is distinct from b.score"
    )


def _moved_columns(connection: DuckDBPyConnection, table: Table, sides: tuple[str, str]) -> list[MovedInput]:
    """Per column the moved customers for whom it differs."""
    columns = [name for name in table.hashed_columns if name not in table.grain]
    counts = ", ".join(f'count(*) filter (where a."{name}" is distinct from b."{name}")' for name in columns)
    (row,) = connection.execute(
        f"select {counts} from ({sides[0]}) as a full join ({sides[1]}) as b using ({CUSTOMER}) "
        f"where coalesce(a.{CUSTOMER}, b.{CUSTOMER}) in (select {CUSTOMER} from moved)"
        if columns
        else "select 0"
    ).fetchall()
    return [MovedInput(table.name, name, int(count)) for name, count in zip(columns, row, strict=False)]


def _moved_rows(connection: DuckDBPyConnection, table: Table, sides: tuple[str, str], part: Part) -> list[MovedInput]:
    """The moved customers whose rows, as known before the snapshot, differ."""
    known = f" and known_at < timestamp '{part}'" if table.is_event_table else ""
    names = ", ".join(f'"{name}"' for name in table.hashed_columns)
    hashed = (
        f"select {CUSTOMER}, sum(hash({names})::hugeint) as content from ({{side}}) "
        f"where {CUSTOMER} in (select {CUSTOMER} from moved){known} group by {CUSTOMER}"
    )
    (row,) = connection.execute(
        f"select count(*) from ({hashed.format(side=sides[0])}) as a "
        f"full join ({hashed.format(side=sides[1])}) as b using ({CUSTOMER}) "
        "where a.content is distinct from b.content"
    ).fetchall()
    return [MovedInput(table.name, None, int(row[0]))]


def customer_inputs(
    contents: Contents,
    table: Table,
    part: Part,
    before: State,
    after: State,
    upstream: Sequence[Table],
    customer: str,
) -> Mapping[str, tuple[object, object]]:
    """Of one customer what differs, before and after: the score's columns and of inputs with a row per customer."""
    found: dict[str, tuple[object, object]] = {}
    for read in (table, *upstream):
        if not read.is_partitioned or set(read.grain) != {read.partition_column, CUSTOMER}:
            continue
        sides = _sides(contents, read, part, before, after)
        if sides is None:
            continue
        columns = [name for name in read.hashed_columns if name not in read.grain]
        rows = [
            contents.connection.execute(f"select * from ({side}) where {CUSTOMER} = ?", [customer]).fetchall()
            for side in sides
        ]
        old, new = (
            dict(zip(read.column_names, given[0], strict=True)) if given else dict.fromkeys(read.column_names)
            for given in rows
        )
        found |= {f"{read.name}.{name}": (old[name], new[name]) for name in columns if old[name] != new[name]}
    return found
