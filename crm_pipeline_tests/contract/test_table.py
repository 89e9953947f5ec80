"""What a declaration may say, and what is derived from it."""

import pytest

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

ID = Column("event_id", "varchar", "Identifier.")
LOADED = Column("loaded_at", "timestamp", "When it was read.", is_volatile=True)


def table(**changes: object) -> Table:
    values = {"name": "t", "description": "A table.", "grain": ("event_id",), "columns": (ID, columns.KNOWN_AT, LOADED),
              "kind": "replaced", "partition_column": None}  # fmt: skip
    return Table(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": (ID, ID)}, "table t: a column is declared twice"),
        ({"grain": ("other",)}, "table t: other is not among its columns"),
        ({"order_by": ("other",)}, "table t: other is not among its columns"),
        ({"kind": "snapshot"}, "a snapshot table and partition_column=None do not agree"),
        ({"partition_column": "event_id"}, "a replaced table and partition_column=event_id do not agree"),
        ({"kind": "snapshot", "partition_column": "day"}, "table t: day is not among its columns"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_an_error(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table(**changes)


def test_what_kind_of_table_it_is() -> None:
    parts = Table("p", "Parts.", ("snapshot_date",), (columns.SNAPSHOT_DATE, columns.KNOWN_AT))
    assert (table().is_partitioned, table().is_event_table) == (False, True)
    assert (parts.is_partitioned, parts.is_event_table) == (True, False)


def test_names_order_and_what_makes_the_hash() -> None:
    declared = table(stage="cleaned")
    assert declared.qualified_name == '"cleaned"."t"'
    assert declared.hashed_columns == ("event_id", "known_at")
    assert declared.stored_order == ("event_id",)
    assert table(order_by=("known_at",)).stored_order == ("known_at",)


def test_columns_are_found_by_name_and_vary_without_changing() -> None:
    assert table().column("event_id") is ID
    with pytest.raises(KeyError, match="table t has no column other"):
        table().column("other")
    assert (ID.may_be_null().nullable, ID.described("x").description, ID.nullable) == (True, "x", False)


def test_an_expectation_is_named_by_what_it_judges() -> None:
    assert Expectation("row_count", minimum=1).name == "row_count"
    assert Expectation("mean", "amount", minimum=1).name == "mean(amount)"
