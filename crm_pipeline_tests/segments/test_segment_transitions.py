"""Moves between two snapshots, counted by hand."""

from crm_pipeline.segments import segment_transitions

SEGMENTS = """snapshot_date, customer_id, rfm_segment
              2024-01-01,    ada,         champions
              2024-01-01,    bob,         champions
              2024-01-01,    cyd,         lost
              2024-02-01,    ada,         champions
              2024-02-01,    bob,         loyal
              2024-02-01,    cyd,         lost
              2024-02-01,    dan,         new customers"""


def test_moves_are_counted_and_shared_by_where_they_start(assert_builds):
    assert_builds(
        segment_transitions,
        snapshot_dates=["2024-01-01", "2024-02-01"],
        customer_segments=SEGMENTS,
        expected="""snapshot_date, from_segment,  to_segment,    customer_count, share
                    2024-02-01,    champions,     champions,     1,              0.5
                    2024-02-01,    champions,     loyal,         1,              0.5
                    2024-02-01,    lost,          lost,          1,              1
                    2024-02-01,    no orders yet, new customers, 1,              1""",
    )


def test_where_the_snapshot_before_is_missing_nobody_is_called_new(assert_builds):
    assert_builds(
        segment_transitions,
        snapshot_date="2024-02-01",
        customer_segments="""snapshot_date, customer_id, rfm_segment
                             2024-02-01,    ada,         champions""",
        expected="from_segment, to_segment",
    )


def test_no_customers(assert_builds):
    assert_builds(segment_transitions, snapshot_date="2024-02-01", expected="from_segment, to_segment")
