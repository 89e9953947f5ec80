"""The history of the size of the project's own segments."""

from crm_pipeline.segments import custom_segment_sizes
from crm_pipeline_tests.kit import built_rows


def test_history_of_sizes() -> None:
    rows = built_rows(
        custom_segment_sizes,
        snapshot_date="2024-03-01",
        project={"snapshots": {"dates": ["2024-02-01", "2024-03-01"]}},
        custom_segments="""snapshot_date, segment, customer_id
                           2024-02-01,    big,     ada
                           2024-02-01,    big,     eve
                           2024-03-01,    big,     ada
                           2024-03-01,    big,     bob""",
        customer_features="""snapshot_date, customer_id, spend_amount_90d
                             2024-03-01,    ada,         600
                             2024-03-01,    bob,         700
                             2024-03-01,    eve,         1
                             2024-03-01,    kim,         1""",
    ).iloc[0]
    assert (rows["customer_count"], rows["customer_share"], rows["stayed_count"]) == (2, 0.5, 1)
    assert float(rows["spend_amount_90d"]) == 1300
