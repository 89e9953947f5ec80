"""Judgements of churn scores by hand."""

import pytest

from crm_pipeline.churn import churn_evaluation
from crm_pipeline_tests.kit import built_rows

LABELS = """known_date, snapshot_date, customer_id, is_churned, is_active, customer_hash
            2024-02-01, 2024-01-01,    ada,         true,       true,      8c8d
            2024-02-01, 2024-01-01,    bob,         false,      true,      9f9d
            2024-02-01, 2024-01-01,    cyd,         false,      false,     8c8e
            2024-03-01, 2024-02-01,    ada,         true,       true,      8c8d
            2024-03-01, 2024-02-01,    bob,         false,      true,      9f9d"""
SCORES = """snapshot_date, customer_id, churn_probability, baseline_probability, btyd_probability, logistic_probability
            2024-01-01,    ada,         0.5,               0.5,                  0.4,              
            2024-01-01,    bob,         0.5,               0.1,                  0.4,              
            2024-01-01,    cyd,         0.0,               0.9,                  0.4,              
            2024-02-01,    ada,         0.8,               0.5,                  0.4,              0.7
            2024-02-01,    bob,         0.1,               0.5,                  0.4,              0.2
            2024-03-01,    ada,         0.1,               0.5,                  0.4,              0.2"""


def judged(known_date, **row):
    rows = built_rows(churn_evaluation, snapshot_date=known_date, churn_labels=LABELS, churn_predictions=SCORES)
    for name, value in row.items():
        rows = rows[rows[name] == value]
    return rows


def test_a_snapshot_by_hand():
    auc = judged("2024-02-01", scope="snapshot", metric="roc_auc", population="all").set_index("model")
    # ada ties with bob and is above cyd: (1/2 + 1) / 2; by the rule ada is above bob and below cyd
    assert auc.at["published", "value"] == 0.75
    assert auc.at["recency_rule", "value"] == 0.5
    assert auc.at["published", "improvement"] == 0.25
    assert auc.at["published", "row_count"] == 3
    brier = judged("2024-02-01", scope="snapshot", metric="brier", population="active").set_index("model")
    # (0.25 + 0.25) / 2, and for the rule (0.25 + 0.01) / 2
    assert brier.at["published", "value"] == 0.25
    assert round(brier.at["recency_rule", "value"], 12) == 0.13
    assert round(brier.at["published", "improvement"], 12) == -0.12


def test_snapshots_are_pooled_and_each_date_tells_only_what_is_new():
    rows = judged("2024-03-01", model="published", metric="brier", population="active")
    assert set(rows["known_date"].dt.date.astype(str)) == {"2024-03-01"}
    assert set(rows["snapshot_date"].dt.date.astype(str)) == {"2024-02-01"}
    found = rows.set_index("scope")
    # (0.04 + 0.01) / 2, and with the first snapshot (0.25 + 0.25 + 0.04 + 0.01) / 4
    assert round(found.at["snapshot", "value"], 12) == 0.025
    assert round(found.at["pooled", "value"], 12) == 0.1375
    assert found["snapshot_count"].to_dict() == {"pooled": 2, "snapshot": 1}


def test_a_candidate_is_judged_on_the_snapshots_that_it_scored():
    assert judged("2024-02-01", model="logistic").empty
    pooled = judged("2024-03-01", model="logistic", scope="pooled", metric="brier", population="all").iloc[0]
    # (0.09 + 0.04) / 2, against the rule on the same two rows
    assert round(pooled["value"], 12) == 0.065
    assert pooled["baseline_value"] == 0.25
    assert (pooled["snapshot_count"], pooled["row_count"]) == (1, 2)


def test_nothing_due_nothing_said():
    assert judged("2024-04-01").empty
    assert built_rows(churn_evaluation, snapshot_date="2024-02-01").empty


def test_decisions_by_the_cut_off_of_their_snapshot():
    scores = SCORES.replace("btyd_probability,", "btyd_probability, recommended_cutoff,").replace(
        "0.4,  ", "0.4, 0.05,  "
    )
    rows = built_rows(churn_evaluation, snapshot_date="2024-02-01", churn_labels=LABELS, churn_predictions=scores)
    found = rows[(rows["scope"] == "snapshot") & (rows["population"] == "all")].set_index(["model", "metric"])["value"]
    # from .05 on: ada and bob, of whom ada left, and not cyd, who stayed; the rule takes all three
    assert found["published", "accuracy"] == pytest.approx(2 / 3)
    assert found["published", "precision"] == 0.5
    assert found["published", "recall"] == 1.0
    assert found["published", "f1"] == pytest.approx(2 / 3)
    assert found["recency_rule", "accuracy"] == pytest.approx(1 / 3)


def test_each_model_has_its_metrics():
    rows = judged("2024-03-01", scope="pooled", population="all")
    per_model = rows.groupby("model")["metric"].agg(set)
    assert per_model["logistic"] == set(churn_evaluation.METRICS)
    for model in churn_evaluation.MAIN_MODELS:
        extra = {*churn_evaluation.MAIN_METRICS, *churn_evaluation.DECISION_METRICS}
        assert per_model[model] == extra | set(churn_evaluation.METRICS)
