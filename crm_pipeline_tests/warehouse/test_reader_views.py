"""Views for readers: rows by hand, a comment for every column, none without its tables."""

import pytest

from crm_pipeline.pipeline import all_tables
from crm_pipeline.warehouse.reader_views import VIEWS, create_views
from crm_pipeline_tests.kit import memory_warehouse
from crm_pipeline_tests.report.tables import published_file

RFM = """snapshot_date, customer_id, order_count, total_spend
         2024-02-01,    ada,         2,           100
         2024-03-01,    ada,         3,           160
         2024-03-01,    bob,         1,           50"""


@pytest.fixture(scope="module")
def readers():  # type: ignore[no-untyped-def]
    with published_file(customer_rfm=RFM) as connection:
        assert create_views(connection, all_tables()) == [view.name for view in VIEWS]
        yield connection


def test_the_newest_snapshot_side_by_side(readers) -> None:  # type: ignore[no-untyped-def]
    rows = readers.execute(
        "select customer_id, total_spend::int, clv, rfm_segment, risk_band from current_customers order by 1"
    ).fetchall()
    assert rows == [("ada", 160, 90.0, "champions", "low"), ("bob", 50, 10.0, "lost", "high")]


def test_recommendations_with_names(readers) -> None:  # type: ignore[no-untyped-def]
    rows = readers.execute(
        "select rank, product_name from current_recommendations where customer_id = 'ada'"
    ).fetchall()
    assert sorted(rows) == [(1, "<b>Tea</b> & {milk}"), (2, "Scones")]


def test_five_numbers_per_snapshot(readers) -> None:  # type: ignore[no-untyped-def]
    rows = readers.execute("select * exclude snapshot_date from snapshot_summary").fetchall()
    assert [tuple(map(float, row)) for row in rows] == [(2, 2, 150, 100, 20), (3, 2, 180, 150, 34)]


def test_every_view_and_column_is_commented(readers) -> None:  # type: ignore[no-untyped-def]
    views = dict(readers.execute("select view_name, comment from duckdb_views() where not internal").fetchall())
    assert views == {view.name: view.description for view in VIEWS}
    columns = readers.execute(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'main'"
    )
    assert [row for row in columns.fetchall() if row[0] in views and not row[2]] == []


def test_no_view_without_its_tables() -> None:
    with memory_warehouse() as connection:
        assert create_views(connection, all_tables()) == []
