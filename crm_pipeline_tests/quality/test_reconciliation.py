"""Every row that was read went somewhere."""

import pytest

from crm_pipeline.quality import reconciliation
from crm_pipeline_tests.kit import built_rows

FILES = """source, entity,      file_name, row_count, is_current, data_through
           shop,   order_lines, a.csv,     5,         true,       2024-01-31
           shop,   order_lines, old.csv,   9,         false,      2024-01-31
           crm,    customers,   b.csv,     0,         true,       """


def test_counts_where_the_rows_of_each_current_file_went(assert_builds):
    assert_builds(
        reconciliation,
        source_files=FILES,
        staged_order_lines="""source, file_name, ordered_at, verdict
                              shop,   a.csv,     2024-01-02, clean
                              shop,   a.csv,     2024-01-09, clean
                              shop,   a.csv,     2025-01-09, rejected
                              shop,   a.csv,     ,           left_out
                              shop,   a.csv,     2024-01-02, duplicate""",
        order_lines="""order_line_id
                       l1
                       l2""",
        expected="""file_name, read_count, clean_count, rejected_count, duplicate_count, left_out_count, last_event_at
                    a.csv,     5,          2,           1,              1,               1,              2024-01-09
                    b.csv,     0,          0,           0,              0,               0,              """,
    )


def test_a_row_that_is_lost_breaks_the_contract():
    four = "source, file_name" + 4 * "\nshop, a.csv"
    five = four + "\nshop, a.csv"
    with pytest.raises(AssertionError, match=r"read_count = .* \+ duplicate_count \+ left_out_count: 1 row fails"):
        built_rows(reconciliation, source_files=FILES, staged_order_lines=four, order_lines="source" + 4 * "\nshop")
    with pytest.raises(AssertionError, match="entity_clean_count = entity_published_count: 1 row fails"):
        built_rows(reconciliation, source_files=FILES, staged_order_lines=five, order_lines="source\nshop")
