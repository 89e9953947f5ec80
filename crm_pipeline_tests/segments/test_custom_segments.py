"""Segments of the project's own: who is in them, and what is no predicate."""

import pytest
from pydantic import ValidationError

from crm_pipeline.errors import UserError
from crm_pipeline.segments import custom_segments
from crm_pipeline_tests.kit import built_rows, built_table, make_project

PROJECT = {
    "segments": {"custom": {"big": "spend_amount_90d > 500", "big champions": "spend_amount_90d > 500 and r_score = 5"}}
}
FEATURES = """customer_id, spend_amount_90d
              ada,         600
              bob,         501
              eve,         500"""
RFM = """customer_id, r_score
         ada,         5
         bob,         4
         eve,         5"""


def test_members_by_predicate() -> None:
    rows = built_rows(
        custom_segments,
        snapshot_date="2024-02-01",
        project=PROJECT,
        customer_features=FEATURES,
        customer_rfm=RFM,
    )
    assert list(zip(rows["segment"], rows["customer_id"], strict=True)) == [
        ("big", "ada"),
        ("big", "bob"),
        ("big champions", "ada"),
    ]


def test_a_null_is_no_member() -> None:
    project = {"segments": {"custom": {"worth saving": "churn_probability > 0.1"}}}  # nobody was scored
    rows = built_table(custom_segments, snapshot_date="2024-02-01", project=project, customer_features=FEATURES)
    assert rows.num_rows == 0


def test_without_custom_segments_there_are_no_rows() -> None:
    assert built_table(custom_segments, snapshot_date="2024-02-01", customer_features=FEATURES).num_rows == 0


def test_a_predicate_that_fails_on_a_customer_is_told_without_their_values() -> None:
    project = {"segments": {"custom": {"big": "cast(customer_id as integer) = 1"}}}
    with pytest.raises(UserError, match=r"segments\.custom\.big: .* for some customer; guard it") as caught:
        built_table(custom_segments, snapshot_date="2024-02-01", project=project, customer_features=FEATURES)
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("spend_amount_9d > 500", "segments.custom.big: .*spend_amount_9d"),
        ("spend_amount_90d + 1", "not boolean"),
        ("r_score", "integer, not true or false"),
        ("customer_id in (select customer_id from orders)", "reads other rows"),
        ("days_since_last_order < random()", "random"),
        ("", "empty"),
    ],
)
def test_what_is_no_predicate_is_told(predicate: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_project(segments={"custom": {"big": predicate}})
