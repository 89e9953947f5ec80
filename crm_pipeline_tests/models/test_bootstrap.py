"""The paired bootstrap over customers."""

import math

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference

from crm_pipeline.models.bootstrap import RESULT_COLUMNS, paired_bootstrap
from crm_pipeline.models.metrics import (
    PROBABILITY_METRICS,
    Metric,
    brier,
    by_name,
    customer_mean,
    expected_calibration_error,
    mae,
    roc_auc,
    total_bias,
)


def simulated(customers=150, rows_each=2, seed=1):
    """Outcomes of customers in several snapshots, with a good and a worse score."""
    random = np.random.default_rng(seed)
    ids = np.repeat([f"c{n:05d}" for n in range(customers)], rows_each)
    log_odds = np.repeat(random.normal(0, 1.5, customers), rows_each)
    truth = (random.random(len(ids)) < 1 / (1 + np.exp(-log_odds))).astype(float)
    scores = {
        "rule": 1 / (1 + np.exp(-(log_odds + random.normal(0, 3, len(ids))))),
        "model": 1 / (1 + np.exp(-log_odds)),
    }
    return truth, scores, ids


def cell(table, model, metric):
    return table[(table["model"] == model) & (table["metric"] == metric)].iloc[0]


def test_equals_repeating_the_rows_of_drawn_customers():
    truth, scores, ids = simulated(customers=40)
    row = cell(
        paired_bootstrap(truth, scores, by_name(roc_auc), ids, "rule", replicates=50, seed=7), "model", "roc_auc"
    )

    random = np.random.default_rng(7)
    gains = []
    for _ in range(50):
        drawn = random.integers(40, size=40)
        rows = (drawn[:, None] * 2 + [0, 1]).ravel()  # customer n has rows 2n and 2n + 1
        model, rule = (reference.roc_auc_score(truth[rows], scores[name][rows]) for name in ("model", "rule"))
        gains.append(model - rule)
    gain = reference.roc_auc_score(truth, scores["model"]) - reference.roc_auc_score(truth, scores["rule"])
    lower, upper = np.quantile(gains, [0.025, 0.975]) - np.mean(gains) + gain

    assert row["improvement"] == pytest.approx(gain)
    assert (row["improvement_lower"], row["improvement_upper"]) == pytest.approx((lower, upper))


def test_one_row_per_model_and_metric_with_the_baseline_at_zero():
    truth, scores, ids = simulated()
    table = paired_bootstrap(truth, scores, PROBABILITY_METRICS, ids, "rule", replicates=20)
    assert list(table.columns) == list(RESULT_COLUMNS)
    assert list(zip(table["model"], table["metric"], strict=True)) == [
        (model, metric) for model in scores for metric in PROBABILITY_METRICS
    ]
    of_rule = table[table["model"] == "rule"]
    assert (of_rule[["improvement", "improvement_lower", "improvement_upper"]] == 0).all(axis=None)
    assert (of_rule["value"] == of_rule["baseline_value"]).all()
    is_inside = (table["lower"] <= table["value"]) & (table["value"] <= table["upper"])
    assert is_inside.all()


def test_positive_improvement_is_better_for_losses_and_targets():
    truth, ids = [10.0, 20.0, 30.0], ["a", "b", "c"]
    scores = {"rule": [16.0, 26.0, 36.0], "model": [8.0, 18.0, 28.0]}
    table = paired_bootstrap(truth, scores, by_name(mae, total_bias), ids, "rule", replicates=20)
    assert cell(table, "model", "mae")["improvement"] == pytest.approx(6 - 2)
    assert cell(table, "model", "total_bias")["improvement"] == pytest.approx(18 / 60 - 6 / 60)  # +30 % against -10 %


def test_same_input_same_bytes_in_any_order_of_rows():
    truth, scores, ids = simulated()
    expected = paired_bootstrap(truth, scores, PROBABILITY_METRICS, ids, "rule", replicates=20, row_cap=120)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(ids))
        shuffled = {name: score[order] for name, score in scores.items()}
        again = paired_bootstrap(truth[order], shuffled, PROBABILITY_METRICS, ids[order], "rule", 20, row_cap=120)
        pd.testing.assert_frame_equal(again, expected, check_exact=True)


def test_another_seed_moves_the_intervals_only():
    truth, scores, ids = simulated()
    one, two = (paired_bootstrap(truth, scores, by_name(brier), ids, "rule", 50, seed) for seed in (0, 1))
    assert (one["value"] == two["value"]).all()
    assert (one["lower"] != two["lower"]).all()


def test_copies_of_a_customers_rows_add_no_certainty():
    truth, scores, ids = simulated(rows_each=1)
    once = paired_bootstrap(truth, scores, by_name(brier), ids, "rule")
    tripled = {name: np.repeat(score, 3) for name, score in scores.items()}
    thrice = paired_bootstrap(np.repeat(truth, 3), tripled, by_name(brier), np.repeat(ids, 3), "rule")
    columns = ["value", "lower", "upper", "improvement_lower", "improvement_upper"]
    np.testing.assert_allclose(thrice[columns], once[columns], atol=1e-12)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(11)
    hits = 0
    for _ in range(200):
        values = random.exponential(1.0, 60)
        table = paired_bootstrap(np.zeros(60), {"model": values}, {"mean": customer_mean}, np.arange(60), "model", 100)
        hits += table["lower"][0] <= 1.0 <= table["upper"][0]
    assert 0.88 <= hits / 200 <= 0.99


def test_a_sample_of_customers_gives_nearly_the_interval_of_all():
    truth, scores, ids = simulated(customers=4000)
    whole = cell(paired_bootstrap(truth, scores, by_name(roc_auc), ids, "rule"), "model", "roc_auc")
    sampled = cell(paired_bootstrap(truth, scores, by_name(roc_auc), ids, "rule", row_cap=2000), "model", "roc_auc")
    assert sampled["value"] == whole["value"]
    width, sampled_width = (row["improvement_upper"] - row["improvement_lower"] for row in (whole, sampled))
    assert sampled_width == pytest.approx(width, rel=0.25)
    assert sampled["improvement_lower"] < sampled["improvement"] < sampled["improvement_upper"]


def test_the_calibration_error_of_a_calibrated_model_is_not_pushed_up():
    random = np.random.default_rng(6)
    score = random.random(3000)
    truth = (random.random(3000) < score).astype(float)
    metrics = by_name(expected_calibration_error)
    row = paired_bootstrap(truth, {"model": score}, metrics, np.arange(3000), "model").iloc[0]
    assert 0 <= row["lower"] < row["value"] < row["upper"]


def test_intervals_end_at_perfection():
    truth, ids = [0.0, 1.0] * 20, np.arange(40)
    row = paired_bootstrap(truth, {"model": truth}, by_name(roc_auc, brier), ids, "model", 20)
    assert row["upper"].tolist() == [1, 0]


def test_undefined_is_nan():
    for truth, ids in (([], []), ([1.0, 1.0], ["a", "b"])):
        scores = {"rule": np.full(len(ids), 0.5), "model": np.full(len(ids), 0.7)}
        row = cell(paired_bootstrap(truth, scores, by_name(roc_auc), ids, "rule", 10), "model", "roc_auc")
        assert all(math.isnan(row[name]) for name in ("value", "lower", "upper", "improvement", "improvement_lower"))


@pytest.mark.parametrize(("customers", "is_known"), [(1, False), (19, False), (20, True)])
def test_a_handful_of_customers_gives_values_but_no_interval(customers: int, is_known: bool):
    """However many rows each has: one customer alone would give an interval of no width."""
    ids = [f"c{number}" for number in range(customers) for _ in range(50)]
    truth = [0.0, 1.0] * (len(ids) // 2)
    scores = {"model": [0.1, 0.8] * (len(ids) // 2), "rule": [0.4, 0.6] * (len(ids) // 2)}
    for metric in (brier, customer_mean):
        row = paired_bootstrap(truth, scores, by_name(metric), ids, "rule").iloc[0]
        assert math.isfinite(row["value"]) and math.isfinite(row["improvement"])
        assert [math.isfinite(row[name]) for name in ("lower", "improvement_lower")] == [is_known, is_known]


def test_too_few_defined_replicates_give_no_interval():
    truth, scores, ids = [1.0, 0.0], {"model": [0.9, 0.1]}, ["a", "b"]
    drawn = {seed: np.random.default_rng(seed).integers(2, size=(9, 2)) for seed in range(20)}
    one_class_share = {seed: (draws[:, 0] == draws[:, 1]).mean() for seed, draws in drawn.items()}
    for seed, share in one_class_share.items():
        row = paired_bootstrap(truth, scores, by_name(roc_auc), ids, "model", 9, seed, minimum_customers=2).iloc[0]
        assert row["value"] == 1
        assert math.isnan(row["lower"]) == (share > 0.5)
    assert min(one_class_share.values()) < 0.5 < max(one_class_share.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": "other"}, "the baseline 'other' is not among the scores: rule, model"),
        ({"metrics": {}}, "no metrics were given"),
        ({"replicates": 1}, "replicates must be at least 2"),
        ({"confidence": 1.0}, "confidence must be between 0 and 1"),
        ({"row_cap": 0}, "row_cap must be at least 1"),
        ({"truth": [1.0, math.nan]}, "truth has 1 missing or infinite values"),
        ({"truth": [1.0]}, "truth has 1 rows and customer_ids 2"),
        ({"scores": {"rule": [0.1, 0.2], "model": [0.1, math.inf]}}, "score of model has 1 missing or infinite"),
        ({"scores": {"rule": [0.1, 0.2], "model": [0.1]}}, "model has 1 rows and customer_ids 2"),
        ({"customer_ids": ["a", None]}, "customer_ids has 1 missing ids"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {
        "truth": [1.0, 0.0],
        "scores": {"rule": [0.5, 0.5], "model": [0.9, 0.1]},
        "metrics": by_name(brier),
        "customer_ids": ["a", "b"],
        "baseline": "rule",
    }
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(**{**arguments, **change})


def test_means_per_customer_take_a_short_way_to_the_same_figures() -> None:
    random = np.random.default_rng(3)
    customers = random.integers(40, size=150).astype(str)
    scores = {"rule": random.random(150), "model": random.random(150)}
    also_mean = Metric("mean_score", lambda sample: sample.mean(sample.pairs.score), perfect=1.0)
    short = paired_bootstrap(np.zeros(150), scores, {"mean": customer_mean}, customers, "rule", replicates=50)
    long = paired_bootstrap(np.zeros(150), scores, {"mean": also_mean}, customers, "rule", replicates=50)
    figures = ["value", "lower", "upper", "improvement", "improvement_lower", "improvement_upper"]
    np.testing.assert_allclose(short[figures].to_numpy(float)[1], long[figures].to_numpy(float)[1], atol=1e-12)
