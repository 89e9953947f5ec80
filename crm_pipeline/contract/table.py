"""What a table is: declared once, beside the query that makes it.

A module of a stage package declares one ``TABLE``; the ``.sql`` file of the same name computes it, and an optional pure
function ``build`` turns the query's frame into rows. Everything else (DDL, casts, checks, Dagster assets, data
dictionary) is derived.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

Pii = Literal["none", "pseudonymous", "direct"]
Kind = Literal["replaced", "snapshot", "append_only"]
Severity = Literal["critical", "error", "warning"]
VAULT_STAGES = ("staged", "identity")
"""Stages whose tables lie in the vault."""
Statistic = Literal["null_share", "distinct_count", "minimum", "maximum", "mean", "row_count", "row_count_change"]


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, what it means (with the unit), and how personal it is."""

    name: str
    type: str
    description: str
    nullable: bool = False
    pii: Pii = "none"
    is_volatile: bool = False
    """Says when something was done, not what; left out of content hashes."""
    formerly: str | None = field(default=None, repr=False, compare=False)
    """Its name in former versions of the contract, so that append-only tables carry it over."""
    fill: str | None = field(default=None, repr=False, compare=False)
    """SQL that stands for it in rows of append-only tables that were written before it was declared."""
    retyped_from: str | None = field(default=None, repr=False, compare=False)
    """Its type before, where it goes back to one that it had: else that looks like an older version of the code."""
    is_own: bool = field(default=False, repr=False, compare=False)
    """Whether a text differs from row to row: it is stored without looking for repetitions, which takes longest."""

    def may_be_null(self) -> Column:
        """The same column where a missing value has a meaning (the description says which)."""
        return replace(self, nullable=True)

    def own(self) -> Column:
        """The same column of a table in which hardly two rows share a value."""
        return replace(self, is_own=True)

    def described(self, description: str) -> Column:
        """The same column with a description that fits the table."""
        return replace(self, description=description)


@dataclass(frozen=True)
class Expectation:
    """A judgement on a table's profile: a statistic of a column (or of the table) lies between two bounds.

    ``critical`` stops the table before it replaces the last good one; ``error`` shows as a failed check and ``warning``
    as a warning, and neither stops anything.
    """

    statistic: Statistic
    column: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    severity: Severity = "warning"
    why: str = ""

    @property
    def name(self) -> str:
        """A stable identifier such as ``null_share(brand)``."""
        return f"{self.statistic}({self.column})" if self.column else self.statistic


@dataclass(frozen=True)
class Table:
    """The contract of one table.

    ``kind``: *replaced* tables are rebuilt whole; *snapshot* tables hold one part per snapshot date, replaced alone;
    *append_only* tables keep every version of a part and show the newest. ``partition_column`` names the snapshot date
    of the last two. ``rules`` are SQL predicates that are true for every row. ``order_by`` is the stored order
    (default: the grain); a table that ``keeps_order`` is not sorted but stands in its query's order, which then must be
    that of one upstream table: sorting the largest tables costs more than it gains. ``delta_key`` names columns by
    which a replaced table can be computed in part: over upstream rows with some values of them, the query gives just
    the table's rows with these values. Upstream tables have them under the same names; one that lacks any is looked up,
    and a change of it makes the table be built whole. ``dropped`` names columns that former versions of an append-only
    table had and that go: a column that only is not declared any more may come from a newer version.
    ``keys_as_delivered``: the table sees customers' keys as the sources wrote them (others see, in the staged tables,
    the customers whom the keys belong to); its `source_customer_id` is their `customer_id`.
    ``event_key``, of staged events: what is the same once two customers are known to be one.
    """

    name: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    kind: Kind = "snapshot"
    partition_column: str | None = "snapshot_date"
    order_by: tuple[str, ...] = ()
    keeps_order: bool = field(default=False, compare=False)
    delta_key: tuple[str, ...] = field(default=(), compare=False)
    unit_of_freshness_days: int = 40
    owner: str = "team:analytics"
    keys_as_delivered: bool = False
    event_key: tuple[str, ...] = field(default=(), compare=False)
    about_loads: bool = False
    """True for records of how data was loaded (never of customers): visible at every snapshot."""
    dropped: tuple[str, ...] = field(default=(), compare=False, repr=False)
    stage: str = field(default="", compare=False)
    sql: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name}: a column is declared twice")
        if back := set(names) & set(self.dropped):
            raise ValueError(f"table {self.name}: {min(back)} is declared and dropped")
        for name in (
            *self.grain,
            *self.order_by,
            *self.delta_key,
            *((self.partition_column,) if self.partition_column else ()),
        ):
            if name not in names:
                raise ValueError(f"table {self.name}: {name} is not among its columns {names}")
        if (self.partition_column is None) != (self.kind == "replaced"):
            raise ValueError(
                f"table {self.name}: a {self.kind} table and partition_column={self.partition_column} do not agree"
            )

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def hashed_columns(self) -> tuple[str, ...]:
        """The columns that make the content hash."""
        return tuple(column.name for column in self.columns if not column.is_volatile)

    @property
    def is_in_vault(self) -> bool:
        """Whether the table lies in the vault, as what names people and what they are matched by does."""
        return self.stage in VAULT_STAGES

    @property
    def is_partitioned(self) -> bool:
        """Whether the table is built per snapshot date."""
        return self.partition_column is not None

    @property
    def is_event_table(self) -> bool:
        """Whether rows carry the time when the company could know them."""
        return not self.is_partitioned and "known_at" in self.column_names

    @property
    def qualified_name(self) -> str:
        """``stage.name``, where the table lives; only the warehouse uses it."""
        return f'"{self.stage}"."{self.name}"'

    @property
    def stored_order(self) -> tuple[str, ...]:
        """The columns by which rows are stored."""
        return self.order_by or self.grain
