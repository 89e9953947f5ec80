"""Sizes to come from counted moves."""

from crm_pipeline.segments import segment_forecasts
from crm_pipeline_tests.kit import built_rows, built_table


def test_sizes_and_ways_to_be_lost() -> None:
    rows = built_rows(
        segment_forecasts,
        snapshot_date="2024-03-01",
        segment_transitions="""snapshot_date, from_segment,  to_segment, customer_count
                               2024-02-01,    at risk,       at risk,    1
                               2024-02-01,    at risk,       lost,       1
                               2024-03-01,    at risk,       lost,       2
                               2024-03-01,    no orders yet, at risk,    4""",
        customer_segments="""customer_id, rfm_segment
                             ada,         at risk
                             bob,         at risk
                             eve,         at risk
                             kim,         at risk
                             lea,         lost""",
    ).set_index(["segment", "steps_ahead"])
    # of four at risk three were lost, one stayed; four newcomers in two snapshots
    assert rows.loc[("at risk", 1), "expected_count"] == 4 * 0.25 + 2
    assert rows.loc[("lost", 1), "expected_count"] == 1 + 4 * 0.75
    assert rows.loc[("at risk", 2), "lost_probability"] == 1 - 0.25**2
    assert rows.loc[("at risk", 1), "path_to_lost"] == "at risk > lost"
    assert rows.loc[("at risk", 1), "path_probability"] == 0.75
    assert rows.loc[("at risk", 1), "customer_count"] == 4


def test_before_anyone_moved_nothing_is_forecast() -> None:
    assert built_table(segment_forecasts, snapshot_date="2024-03-01").num_rows == 0
