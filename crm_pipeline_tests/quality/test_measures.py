"""Scores of data quality from a ledger filled by hand."""

import pytest

from crm_pipeline.ingestion.staged import REPEATED
from crm_pipeline.quality.measures import measures_query, renew_measures, stand_ins
from crm_pipeline_tests.quality.ledger_rows import add_version, ledger_warehouse

# 100 read: 90 clean, 7 rejected (2 lack a value, 1 contradicts a key, 4 break rules), 3 duplicates
FILES = """source, entity,      file_name, read_count, clean_count, rejected_count, duplicate_count, entity_clean_count, entity_published_count, last_event_at,       stated_data_through
           lines,  order_lines, a.csv,     100,        90,          7,              3,               90,                 90,                     2024-02-25 10:00:00,
           people, customers,   b.csv,     10,         10,          0,              0,               10,                 8,                      2024-01-01 10:00:00,"""  # noqa: E501
REJECTED = f"""source, entity, file_name, position, rule
               lines, order_lines, a.csv, 1, order_id is missing
               lines, order_lines, a.csv, 2, order_id is missing
               lines, order_lines, a.csv, 3, {REPEATED}
               lines, order_lines, a.csv, 4, quantity is not a number
               lines, order_lines, a.csv, 5, quantity is not a number
               lines, order_lines, a.csv, 6, mine
               lines, order_lines, a.csv, -7, line cannot be read"""

Key = tuple[str, str, str, str]


def measured(connection) -> dict[Key, tuple[float, int, int]]:  # type: ignore[no-untyped-def]
    stand_ins(connection)
    rows = connection.execute(measures_query()).fetchall()
    return {(name, part, dimension, measure): (score, counted, failing)
            for _, name, part, dimension, measure, score, counted, failing, _ in rows}  # fmt: skip


def test_where_the_rows_of_a_source_went() -> None:
    with ledger_warehouse(reconciliation=FILES, rejected_rows=REJECTED) as connection:
        found = measured(connection)
    assert found["lines", "a.csv", "completeness", "rows with every needed value"] == (0.98, 100, 2)
    assert found["lines", "a.csv", "uniqueness", "rows that say something new"] == (0.96, 100, 4)  # 1 key, 3 duplicates
    assert found["lines", "a.csv", "validity", "rows that satisfy the rules"] == (0.96, 100, 4)
    assert found["lines", "a.csv", "consistency", "rows accounted for"] == (1.0, 100, 0)


def test_a_thing_that_is_described_again_is_no_dirt() -> None:
    """A catalogue taken from order lines repeats each product; an order line that is there twice is another matter."""
    for entity, failing in (("products", 0), ("order_lines", 90), ("tickets", 90)):
        files = f"""source, entity, file_name, read_count, clean_count, rejected_count, duplicate_count
                    things, {entity}, a.csv, 100,      10,          0,              90"""
        with ledger_warehouse(reconciliation=files) as connection:
            found = measured(connection)
        assert found["things", "a.csv", "uniqueness", "rows that say something new"][1:] == (100, failing)


def test_a_lost_row_is_seen_twice() -> None:
    lost = FILES.replace("100,        90, ", "100,        88, ")
    with ledger_warehouse(reconciliation=lost) as connection:
        found = measured(connection)
    assert found["lines", "a.csv", "consistency", "rows accounted for"] == (0.98, 100, 2)
    measure = "rows equal to the clean ones of the sources"
    assert found["customers", "all", "consistency", measure] == (0.8, 10, 2)
    assert found["order_lines", "all", "consistency", measure] == (1.0, 90, 0)


@pytest.mark.parametrize(
    ("snapshot", "missing"),
    [
        ("2024-02-26", 0),  # the newest order is of the day before
        ("2024-03-01", 4),  # 26 to 29 February
        ("2024-09-01", 28),  # no day of the last 28
    ],
)
def test_days_that_a_source_does_not_reach(snapshot: str, missing: int) -> None:
    with ledger_warehouse(reconciliation=FILES) as connection:
        add_version(connection, "source_coverage", snapshot, 1)
        found = measured(connection)
    assert found["lines", "all", "timeliness", "days with data"][1:] == (28, missing)
    assert ("people", "all", "timeliness", "days with data") not in found  # customers need not be new


def test_filled_cells_of_the_version_that_stands() -> None:
    with ledger_warehouse() as connection:
        add_version(connection, "order_lines", None, 10, nulls=(1.0, 1.0))
        add_version(connection, "order_lines", None, 20, nulls=(0.0, 0.25))  # 5 of 40 cells
        found = measured(connection)
    assert found["order_lines", "all", "completeness", "filled cells"] == (0.875, 40, 5)


def test_what_retention_removed_is_not_measured() -> None:
    with ledger_warehouse() as connection:
        add_version(connection, "customer_rfm", "2024-02-01", 10)
        add_version(connection, "customer_rfm", "2024-02-01", 0, code="removed")
        assert measured(connection) == {}


def test_checks_of_the_run_that_published() -> None:
    rules, grain = "row_rules: a > 0", "unique_grain: unique(a)"
    with ledger_warehouse() as connection:
        add_version(connection, "orders", None, 50, run_id="old", checks=[(rules, "failed", 9), (grain, "failed", 1)])
        add_version(
            connection,
            "orders",
            None,
            50,
            run_id="new",
            checks=[(rules, "passed", 0), ("row_rules: b > 0", "passed", 0), (grain, "passed", 0),
                    ("expectations_warning: null_share(x)", "failed", None),
                    ("expectations_warning: row_count_change", "passed", None),
                    ("expectations_warning: maximum(x)", "error", None),
                    ("expectations: mean(x)", "passed", None)],
        )  # fmt: skip
        found = measured(connection)
    assert found["orders", "all", "validity", "row rules"] == (1.0, 100, 0)
    assert found["orders", "all", "uniqueness", "unique grain"] == (1.0, 50, 0)
    assert found["orders", "all", "completeness", "expectations"] == (0.0, 1, 1)
    assert found["orders", "all", "consistency", "expectations"] == (1.0, 1, 0)
    assert found["orders", "all", "validity", "expectations"] == (0.5, 2, 1)


def test_tables_of_customers_agree_and_have_every_snapshot() -> None:
    with ledger_warehouse() as connection:
        for day in ("2024-02-01", "2024-03-01"):
            add_version(connection, "source_coverage", day, 1)
            add_version(connection, "customer_rfm", day, 100)
        add_version(connection, "churn_predictions", "2024-03-01", 98)
        found = measured(connection)
    measure = "customers agree with customer_rfm"
    assert found["churn_predictions", "2024-03-01", "consistency", measure] == (0.98, 100, 2)
    assert found["churn_predictions", "all", "timeliness", "snapshots built"] == (0.5, 2, 1)
    assert found["customer_rfm", "all", "timeliness", "snapshots built"] == (1.0, 2, 0)


def test_the_table_is_written_with_its_descriptions_and_every_score_is_a_share() -> None:
    with ledger_warehouse(reconciliation=FILES, rejected_rows=REJECTED) as connection:
        first = renew_measures(connection)
        assert renew_measures(connection) == first > 0
        assert connection.sql("select 1 from quality.data_quality where score not between 0 and 1").fetchall() == []
        comments = connection.execute(
            "select count(*) from duckdb_columns() where table_name = 'data_quality' and comment is null"
        ).fetchall()
    assert comments == [(0,)]
