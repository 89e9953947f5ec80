"""A snapshot waits until every source of orders is complete."""

import pytest

from crm_pipeline.quality import source_coverage
from crm_pipeline_tests.kit import built_rows


def test_each_source_must_reach_the_day_before_the_snapshot(assert_builds):
    assert_builds(
        source_coverage,
        snapshot_date="2024-02-01",
        reconciliation="""source, entity,      file_name, last_event_at,    stated_data_through
                          shop,   order_lines, a.csv,     2024-01-20 10:00, 2024-01-31  -- stated
                          web,    orders,      b.csv,     2024-02-03 10:00,             -- from its newest order
                          crm,    customers,   c.csv,     ,                             -- not a source of orders""",
        expected="""snapshot_date, source, data_through, is_complete
                    2024-02-01,    shop,   2024-01-31,   true
                    2024-02-01,    web,    2024-01-31,   true""",
    )


def test_a_late_source_blocks():
    late = "source, entity, last_event_at\nshop, order_lines, 2024-01-30 10:00"
    with pytest.raises(AssertionError, match="is_complete: 1 row fails"):
        built_rows(source_coverage, snapshot_date="2024-02-01", reconciliation=late)
