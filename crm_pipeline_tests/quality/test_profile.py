"""The profile of a table, by hand."""

from contextlib import closing
from datetime import date

import pytest

from crm_pipeline.contract.table import Table
from crm_pipeline.quality.profile import profile_table, wide_frame
from crm_pipeline_tests.kit import fill_table, memory_warehouse
from crm_pipeline_tests.warehouse.planted import EVENTS, TOTALS


def profile(table: Table, rows: str):
    with closing(memory_warehouse()) as connection:
        fill_table(connection, table, rows)
        return profile_table(connection, table, table.qualified_name)


def test_counts_nulls_range_and_mean_of_every_column() -> None:
    found = {
        item.column: item for item in profile(EVENTS, "event_id, known_at, amount\na, 2024-01-01, 1\nb, , 4\nc, ,")
    }
    amount, known = found["amount"], found["known_at"]
    assert (amount.row_count, amount.minimum, amount.maximum, amount.mean) == (3, 1.0, 4.0, 2.5)
    assert amount.null_share == pytest.approx(1 / 3)
    assert (known.minimum, known.mean) == (None, None)  # a range has meaning for numbers only
    assert found["event_id"].distinct_count == 3


def test_parts_are_profiled_apart_and_compared_with_the_part_before() -> None:
    rows = "snapshot_date, event_count, amount\n2024-01-01, 1, 5\n2024-02-01, 3, 7"
    parts = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]
    frame = wide_frame(profile(TOTALS, rows), parts, {parts[0]: 0, parts[1]: 2, parts[2]: 4})
    assert frame["part"].tolist() == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert frame["event_count.mean"].tolist()[:2] == [1.0, 3.0]
    assert frame["row_count"].tolist() == [1.0, 1.0, 0.0]  # a part without rows is a part
    assert frame["row_count_change"].isna().tolist() == [True, False, False]
    assert frame["row_count_change"].tolist()[1:] == [-0.5, -1.0]


def test_an_empty_table_has_a_frame() -> None:
    frame = wide_frame(profile(EVENTS, "event_id"), [None], {})
    assert (frame["part"].tolist(), frame["row_count"].tolist()) == (["all"], [0.0])
