"""Grades and the promotion gate."""

import math

import pytest

from crm_pipeline.models.grades import MINIMUM_ROWS, grade, passes_gate
from crm_pipeline.models.metrics import brier, lift_at, roc_auc, total_bias


def graded(metric=roc_auc, *, lower, baseline_value=0.8, improvement=0.1, model="boosting"):
    return grade(
        metric,
        model=model,
        baseline="recency_rule",
        baseline_value=baseline_value,
        improvement=improvement,
        improvement_lower=lower,
    )


def gated(*, lower=0.02, row_count=5000, model="boosting"):
    return passes_gate(
        roc_auc,
        model=model,
        baseline="recency_rule",
        improvement=0.031,
        improvement_lower=lower,
        row_count=row_count,
    )


@pytest.mark.parametrize(
    ("metric", "baseline_value", "lower", "letter", "share"),
    [
        (roc_auc, 0.75, 0.0625, "A", 0.25),  # room .25
        (roc_auc, 0.75, 0.05, "A", 0.2),  # just a fifth
        (roc_auc, 0.75, 0.0375, "B", 0.15),
        (roc_auc, 0.75, 0.0125, "C", 0.05),
        (roc_auc, 0.75, 0.0, "D", 0.0),
        (roc_auc, 0.75, -0.025, "D", -0.1),
        (brier, 0.125, 0.0125, "B", 0.1),  # a loss: the room is all of it
        (total_bias, -0.25, 0.125, "A", 0.5),  # a target: the distance to it
        (total_bias, 0.25, 0.125, "A", 0.5),
    ],
)
def test_letter_from_the_lower_bound_over_the_room(metric, baseline_value, lower, letter, share):
    result = graded(metric, lower=lower, baseline_value=baseline_value)
    assert result.letter == letter
    assert result.share_of_room == pytest.approx(share)


def test_why_is_one_sentence_with_the_numbers():
    assert graded(lower=0.05, improvement=0.0712).why == (
        "A: boosting beats recency_rule; its improvement of 0.0712 in roc_auc could be as low as 0.05, "
        "25.0% of the room that recency_rule leaves at 0.8."
    )


def test_unknown_and_baseline_are_d():
    assert graded(lower=math.nan) == graded(lower=math.nan, improvement=math.nan)
    assert graded(lower=math.nan).letter == "D"
    assert math.isnan(graded(lower=math.nan).share_of_room)
    assert graded(lower=0.0, model="recency_rule").letter == "D"
    assert graded(lower=0.0, baseline_value=1.0).letter == "D"  # no room, no gain


def test_no_grade_without_a_room():
    with pytest.raises(ValueError, match="lift_at_10 cannot be graded"):
        graded(lift_at(0.1), lower=0.5)
    with pytest.raises(ValueError, match="already perfect"):
        graded(lower=0.1, baseline_value=1.0)


@pytest.mark.parametrize(
    ("lower", "row_count", "model", "published", "code"),
    [
        (0.02, 5000, "boosting", "boosting", "beats_baseline"),
        (0.0, 5000, "boosting", "recency_rule", "does_not_beat_baseline"),
        (-0.01, 5000, "boosting", "recency_rule", "does_not_beat_baseline"),
        (math.nan, 5000, "boosting", "recency_rule", "not_enough_data"),
        (0.02, MINIMUM_ROWS - 1, "boosting", "recency_rule", "not_enough_data"),
        (math.nan, 0, "boosting", "recency_rule", "not_enough_data"),
        (0.02, MINIMUM_ROWS, "boosting", "boosting", "beats_baseline"),
        (0.0, 5000, "recency_rule", "recency_rule", "is_baseline"),
    ],
)
def test_gate(lower, row_count, model, published, code):
    gate = gated(lower=lower, row_count=row_count, model=model)
    assert (gate.published_model, gate.code) == (published, code)
    assert gate.passes == (published == "boosting")
    assert gate.why.startswith(f"{published} is published") and gate.why.endswith(".")


def test_gate_rejects_a_negative_count():
    with pytest.raises(ValueError, match="row_count must not be negative"):
        gated(row_count=-1)


def test_lacking_evidence_is_a_d_whatever_the_bound():
    found = grade(
        roc_auc,
        model="boosting",
        baseline="recency_rule",
        baseline_value=0.6,
        improvement=0.3,
        improvement_lower=0.2,
        lacking="40 customers (at least 100)",
    )
    assert found.letter == "D" and math.isnan(found.share_of_room)
    assert found.why.endswith("beats recency_rule: 40 customers (at least 100).")
