"""Whether values differ in every row."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.warehouse.audit import count_repeated
from crm_pipeline.warehouse.digests import all_differ


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@given(
    st.lists(st.tuples(st.none() | st.sampled_from("abc"), st.integers(0, 3)), max_size=8),
    st.sampled_from([1, 3, 100]),  # sorted in several goes, or in one
)
def test_digests_tell_what_a_comparison_of_all_rows_would(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, int]], rows_at_once: int
) -> None:
    connection.execute("create or replace table planted (x varchar, y integer)")
    if rows:
        connection.executemany("insert into planted values (?, ?)", rows)
    assert all_differ(connection, "x, y", "planted", rows_at_once) == (len(set(rows)) == len(rows))
    assert count_repeated(connection, ["x", "y"], "planted") == len(rows) - len(set(rows))
