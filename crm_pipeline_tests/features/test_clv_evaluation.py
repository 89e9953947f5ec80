"""Evaluation by hand: errors, bias and coverage of four customers."""

import pytest

from crm_pipeline.features import clv_evaluation
from crm_pipeline_tests.kit import built_rows, built_table

PROJECT = {
    "clv": {"horizon_days": 30, "discount_rate": 0.0},
    "snapshots": {"dates": ["2024-01-01", "2024-02-01", "2024-03-03"]},
}
OUTCOMES = """known_date, snapshot_date, customer_id, horizon_days, is_active, spend_amount
              2024-02-01, 2024-01-01,    ada,         30,           true,      10
              2024-02-01, 2024-01-01,    bob,         30,           false,     0
              2024-03-03, 2024-02-01,    ada,         30,           true,      20
              2024-03-03, 2024-02-01,    bob,         30,           true,      6"""
CLV = """snapshot_date, customer_id, horizon_days, btyd_spend, expected_spend, blend_spend, naive_spend, formula_clv, clv, clv_lower, clv_upper
         2024-01-01,    ada,         30,           12,         12,             12,          20,          10,          12,  0,         11
         2024-01-01,    bob,         30,           0,          0,              0,           4,           0,           0,   0,         0
         2024-02-01,    ada,         30,           17,         17,             17,          20,          10,          17,  0,         30
         2024-02-01,    bob,         30,           4,          4,              4,           8,           10,          4,   1,         5"""  # noqa: E501


def values(known_date: str) -> dict[tuple[str, str, str, str], float]:
    rows = built_rows(
        clv_evaluation, snapshot_date=known_date, project=PROJECT, clv_outcomes=OUTCOMES, customer_clv=CLV
    )
    rows = rows[rows["baseline"] != "btyd"]
    keys = zip(rows["scope"], rows["population"], rows["metric"], rows["model"], strict=True)
    return dict(zip(keys, rows["value"], strict=True))


def test_the_newest_snapshot():
    found = values("2024-03-03")
    # errors of the model 3 and 2, of the rule 0 and 2, of the formula 10 and 4
    assert [found["snapshot", "all", "mae", m] for m in ("btyd", "naive", "formula")] == [2.5, 1.0, 7.0]
    assert found["snapshot", "all", "rmse", "btyd"] == pytest.approx((13 / 2) ** 0.5)
    assert found["snapshot", "all", "total_bias", "btyd"] == pytest.approx(21 / 26 - 1)
    assert found["snapshot", "all", "spearman", "btyd"] == pytest.approx(1)


def test_pooled_over_all_snapshots_so_far():
    found = values("2024-03-03")
    # errors 2, 0, 3, 2; without bob in January, who was not active: 2, 3, 2
    assert found["pooled", "all", "mae", "btyd"] == pytest.approx(7 / 4)
    assert found["pooled", "active", "mae", "btyd"] == pytest.approx(7 / 3)


def test_coverage_of_the_interval():
    # in: ada in January (10 in 0..11), bob in January (0 in 0..0), ada in February; out: bob in February (6 in 1..5)
    found = values("2024-03-03")
    assert found["pooled", "all", "interval_coverage", "published"] == pytest.approx(3 / 4)
    assert found["snapshot", "all", "interval_coverage", "published"] == pytest.approx(1 / 2)
    assert not [key for key in found if key[3] == "nominal"]
    # of the three who bought, ada twice
    assert found["pooled", "all", "interval_coverage_buyers", "published"] == pytest.approx(2 / 3)


def test_score_of_the_interval():
    # 11 - 0, 0 - 0, 30 - 0, and 5 - 1 plus ten times the 1 that bob is above it
    found = values("2024-03-03")
    assert found["pooled", "all", "interval_score", "published"] == pytest.approx((11 + 0 + 30 + 14) / 4)
    # the rule: between nothing and twice the naive forecast, which holds everyone: 40, 8, 40, 16
    assert found["pooled", "all", "interval_score", "naive"] == pytest.approx(104 / 4)


def test_what_is_published_is_also_compared_with_plain_btyd():
    rows = built_rows(
        clv_evaluation, snapshot_date="2024-03-03", project=PROJECT, clv_outcomes=OUTCOMES, customer_clv=CLV
    )
    beside = rows[(rows["baseline"] == "btyd") & (rows["metric"] == "mae")]
    assert set(beside["model"]) == {"published"}
    assert (beside["improvement"] == 0).all()


def test_later_outcomes_are_not_seen():
    found = values("2024-02-01")
    assert found["pooled", "all", "mae", "btyd"] == pytest.approx(2 / 2)


def test_rows_say_what_they_rest_on():
    rows = built_rows(
        clv_evaluation, snapshot_date="2024-03-03", project=PROJECT, clv_outcomes=OUTCOMES, customer_clv=CLV
    )
    pooled = rows[(rows["scope"] == "pooled") & (rows["population"] == "active")]
    counts = zip(pooled["snapshot_count"], pooled["row_count"], strict=True)
    assert set(counts) == {(2, 3)}
    assert set(rows["baseline"]) == {"btyd", "naive", "nominal"}


def test_nothing_due_nothing_said():
    assert built_table(clv_evaluation, snapshot_date="2024-03-03", project=PROJECT).num_rows == 0
    early = built_table(
        clv_evaluation, snapshot_date="2024-04-03", project=PROJECT, clv_outcomes=OUTCOMES, customer_clv=CLV
    )
    assert early.num_rows == 0
