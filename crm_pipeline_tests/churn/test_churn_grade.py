"""Grades by hand: the share of the rule's room that is surely gained."""

import pandas as pd

from crm_pipeline.churn import churn_grade
from crm_pipeline.models.evidence import lacking_evidence
from crm_pipeline_tests.kit import assert_builds, built_rows

HEAD = """scope, model, population, metric, value, baseline, baseline_value, improvement, improvement_lower,
          improvement_upper, snapshot_count, row_count, known_date""".replace("\n", " ")


def evaluation(*rows):
    return "\n".join([HEAD, *rows])


def labels(customers=100, churned=50, stayed=50):
    """Known outcomes of active customers, and of one who is not."""
    outcomes = [*([True] * churned), *([False] * stayed), True]
    return pd.DataFrame(
        {
            "known_date": "2024-02-01",
            "snapshot_date": [f"2023-{1 + number // customers:02d}-01" for number in range(len(outcomes) - 1)]
            + ["2023-01-01"],
            "customer_id": [f"c{number % customers}" for number in range(len(outcomes) - 1)] + ["gone"],
            "is_churned": outcomes,
            "is_active": [*([True] * (len(outcomes) - 1)), False],
        }
    )


def test_letters_come_from_the_lower_bound():
    assert_builds(
        churn_grade,
        snapshot_date="2024-02-01",
        churn_labels=labels(),
        churn_evaluation=evaluation(
            # at least .05 of the .20 that the rule leaves: A
            "pooled, published, active, roc_auc, .86, recency_rule, .80, .06, .05, .07, 3, 1200, 2024-02-01",
            # at least .005 of .10, which is under a tenth: C
            "pooled, published, active, brier, .09, recency_rule, .10, .01, .005, .015, 3, 1200, 2024-02-01",
        ),
        expected="""known_date, metric,  letter, row_count, customer_count, churned_count, stayed_count
                    2024-02-01, roc_auc, A,      1200,      100,            50,            50
                    2024-02-01, brier,   C,      1200,      100,            50,            50""",
    )


def test_only_the_newest_pooled_published_scores_of_active_customers_are_graded():
    values = "roc_auc, .86, recency_rule, .80, .06, .05, .07, 3, 1200"
    rows = built_rows(
        churn_grade,
        snapshot_date="2024-03-01",
        churn_labels=labels(),
        churn_evaluation=evaluation(
            f"snapshot, published, active, {values}, 2024-03-01",
            f"pooled, blend, active, {values}, 2024-03-01",
            f"pooled, published, all, {values}, 2024-03-01",
            f"pooled, published, active, {values}, 2024-02-01",
        ),
    )
    assert rows.empty


def summaries(*rows, **counts):
    known = labels(**counts)
    found = built_rows(churn_grade, snapshot_date="2024-02-01", churn_labels=known, churn_evaluation=evaluation(*rows))
    return found["summary"].tolist()


def test_the_summary_is_one_sentence_after_the_grade():
    row = "pooled, published, active, roc_auc, .8839, recency_rule, .827, .0569, .05, .064, 10, 24000, 2024-02-01"
    assert summaries(row) == [
        "Churn model, AUC: grade A. On 24,000 scores of active customers in 10 snapshots its AUC is 0.884, "
        "the recency rule's 0.827 (better by 0.0500 to 0.0640)."
    ]


def test_too_few_outcomes_are_a_d():
    row = "pooled, published, active, brier, .1, recency_rule, .1, 0, , , 1, 3, 2024-02-01"
    assert summaries(row) == [
        "Churn model, Brier score: grade D. Too few known outcomes to compare it with the recency rule: "
        "3 scores of active customers in 1 snapshot."
    ]


def test_a_published_rule_is_a_d():
    row = "pooled, published, active, brier, .1, recency_rule, .1, 0, 0, 0, 1, 300, 2024-02-01"
    assert summaries(row)[0].startswith("Churn model, Brier score: grade D.")


def test_few_customers_or_outcomes_are_a_d_and_it_says_so():
    row = "pooled, published, active, roc_auc, .99, recency_rule, .60, .39, .30, .40, 2, 100, 2024-02-01"
    said = "Churn model, AUC: grade D. Too few known outcomes to compare it with the recency rule: "
    scores = "100 scores of active customers in 2 snapshots, with "
    assert summaries(row)[0].startswith("Churn model, AUC: grade A.")
    assert summaries(row, customers=40) == [said + scores + "40 customers (at least 100)."]
    assert summaries(row, churned=49, stayed=51) == [said + scores + "49 that churned (at least 50)."]
    assert summaries(row, churned=100, stayed=0) == [said + scores + "0 that stayed (at least 50)."]


def test_what_evidence_lacks():
    assert lacking_evidence(100, {"that left": 50, "that stayed": 50}) == ""
    assert lacking_evidence(99, {"that left": 3}) == "99 customers (at least 100), 3 that left (at least 50)"
