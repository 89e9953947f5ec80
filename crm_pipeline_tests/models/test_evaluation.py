"""The contract of every evaluation table."""

import math

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.evaluation import EVALUATION_COLUMNS, evaluate_customer_values, evaluate_scores
from crm_pipeline.models.metrics import AMOUNT_METRICS, PROBABILITY_METRICS, brier, by_name, mae

KNOWN = "2024-04-01"
FRAME = pd.DataFrame(
    [  # mae of rule and model: January 2 and 1, February 4 and 1; of the active ones: January 3 and 1, February 4 and 0
        ("2024-01-01", "ada", True, 10.0, 13.0, 11.0),
        ("2024-01-01", "bob", False, 10.0, 11.0, 11.0),
        ("2024-02-01", "ada", True, 10.0, 14.0, 10.0),
        ("2024-02-01", "bob", False, 10.0, 14.0, 12.0),
    ],
    columns=["snapshot_date", "customer_id", "is_active", "truth", "rule", "model"],
)


def scored(frame=FRAME, **changes):
    arguments = {"known_date": KNOWN, "models": ["rule", "model"], "baseline": "rule", "metrics": by_name(mae)}
    return evaluate_scores(frame, **{**arguments, "replicates": 20, **changes})


def summary(table, model="model"):
    columns = ["snapshot_date", "scope", "snapshot_count", "population", "value", "improvement", "row_count"]
    rows = table[table["model"] == model][columns]
    return rows.assign(snapshot_date=rows["snapshot_date"].dt.strftime("%Y-%m-%d")).to_numpy().tolist()


def test_the_newest_snapshot_and_the_pool():
    assert summary(scored()) == [
        ["2024-02-01", "pooled", 2, "active", 0.5, 3.0, 2],
        ["2024-02-01", "pooled", 2, "all", 1.0, 2.0, 4],
        ["2024-02-01", "snapshot", 1, "active", 0.0, 4.0, 1],
        ["2024-02-01", "snapshot", 1, "all", 1.0, 3.0, 2],
    ]


def test_every_newly_due_snapshot_gets_rows():
    table = scored(newly_due=["2024-02-01", "2024-01-01"], populations={"all": None})
    assert summary(table) == [
        ["2024-01-01", "snapshot", 1, "all", 1.0, 1.0, 2],
        ["2024-02-01", "pooled", 2, "all", 1.0, 2.0, 4],
        ["2024-02-01", "snapshot", 1, "all", 1.0, 3.0, 2],
    ]


def test_the_columns_are_the_contract():
    table = scored()
    assert list(table.columns) == list(EVALUATION_COLUMNS)
    assert set(table["known_date"]) == {pd.Timestamp(KNOWN)}
    assert set(table["baseline"]) == {"rule"}
    assert (table[table["model"] == "rule"]["improvement"] == 0).all()


@pytest.mark.parametrize(
    "arguments", [{"frame": FRAME.iloc[:0]}, {"newly_due": []}], ids=["no outcomes", "nothing new"]
)
def test_nothing_to_say_gives_no_rows_but_typed_columns(arguments):
    table = scored(**arguments)
    assert len(table) == 0
    pd.testing.assert_series_equal(table.dtypes, scored().dtypes)


def test_an_empty_population_keeps_its_rows_as_nan():
    table = scored(FRAME.assign(is_active=False))
    active = table[table["population"] == "active"]
    assert len(active) == 4
    assert set(active["row_count"]) == {0}
    assert active["value"].isna().all()


def test_the_order_of_rows_does_not_matter():
    frame = churn_frame()
    arguments = {"models": ["rule", "model"], "metrics": PROBABILITY_METRICS}
    expected = scored(frame, **arguments)
    pd.testing.assert_frame_equal(scored(frame.sample(frac=1, random_state=3), **arguments), expected, check_exact=True)


def churn_frame(customers=80):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "snapshot_date": np.repeat(pd.to_datetime(["2024-01-01", "2024-02-01"]), customers),
            "customer_id": np.tile(np.arange(customers), 2),
            "is_active": random.random(2 * customers) < 0.7,
            "model": random.random(2 * customers),
            "rule": 0.5,
        }
    )
    return frame.assign(truth=random.random(2 * customers) < frame["model"])


def test_a_model_that_missed_a_snapshot_is_judged_on_the_others():
    frame = FRAME.assign(late=[math.nan, math.nan, 11.0, 11.0], never=math.nan)
    table = scored(
        frame, models=["rule", "model", "late", "never"], populations={"all": None}, newly_due=["2024-01-01"]
    )
    assert set(table["model"]) == {"rule", "model", "late"}
    pooled = table[table["scope"] == "pooled"].set_index("model")
    assert pooled.index.is_unique
    assert pooled.loc["late", ["value", "baseline_value", "row_count", "snapshot_count"]].tolist() == [1, 4, 2, 1]
    assert pooled.loc["model", ["value", "baseline_value", "row_count", "snapshot_count"]].tolist() == [1, 3, 4, 2]
    assert "late" not in set(table[table["scope"] == "snapshot"]["model"])


def test_all_metrics_of_churn_and_value_fit():
    assert set(scored(churn_frame(), metrics=PROBABILITY_METRICS)["metric"]) == set(PROBABILITY_METRICS)
    assert set(scored(metrics=AMOUNT_METRICS)["metric"]) == set(AMOUNT_METRICS)


RANKED = pd.DataFrame(
    [
        ("2024-01-01", "ada", True, 0.2, 0.4, 0.5, 0.5),
        ("2024-01-01", "bob", True, math.nan, math.nan, math.nan, math.nan),  # bought nothing
        ("2024-02-01", "ada", True, 0.1, 0.2, math.nan, math.nan),  # nothing new bought
        ("2024-02-01", "bob", True, 0.3, 0.6, 0.1, 0.4),
    ],
    columns=["snapshot_date", "customer_id", "is_active", "p_recall", "m_recall", "p_new", "m_new"],
)
VALUES = {"recall_at_10": {"popular": "p_recall", "mix": "m_recall"}, "new": {"popular": "p_new", "mix": "m_new"}}


def ranked(frame=RANKED, values=VALUES, **changes):
    return evaluate_customer_values(
        frame, known_date=KNOWN, values=values, baseline="popular", populations={"all": None}, replicates=20, **changes
    )


def test_customer_values_are_averaged_over_those_who_have_one():
    table = ranked()
    of_mix = table[table["model"] == "mix"].set_index(["scope", "metric"])
    expected = {
        ("pooled", "new"): (0.45, 0.15, 2),
        ("pooled", "recall_at_10"): (0.4, 0.2, 3),
        ("snapshot", "new"): (0.4, 0.3, 1),
        ("snapshot", "recall_at_10"): (0.4, 0.2, 2),
    }
    for key, numbers in expected.items():
        assert of_mix.loc[key, ["value", "improvement", "row_count"]].tolist() == pytest.approx(numbers)


def test_customer_values_must_belong_to_the_same_customers():
    with pytest.raises(ValueError, match="m_recall has values for customers without one in p_recall"):
        ranked(RANKED.assign(m_recall=0.5))
    with pytest.raises(ValueError, match="m_recall is missing for part of the snapshot 2024-02-01"):
        ranked(RANKED.assign(m_recall=[0.4, math.nan, math.nan, 0.6]))


@pytest.mark.parametrize(
    ("frame", "changes", "message"),
    [
        (FRAME.drop(columns="is_active"), {}, "lacks the columns is_active"),
        (FRAME, {"models": ["model"]}, "the baseline 'rule' is not among the models: model"),
        (pd.concat([FRAME, FRAME.iloc[:1]]), {}, "1 rows repeat a snapshot_date and customer_id"),
        (FRAME, {"known_date": "2024-02-01"}, "2 rows judge a snapshot that is not before known_date 2024-02-01"),
        (FRAME, {"newly_due": ["2024-03-01"]}, "the snapshot 2024-03-01 is newly due, but has no row"),
        (FRAME.assign(customer_id=["ada", None, "ada", "bob"]), {}, "customer_id is missing in 1 rows"),
        (FRAME.assign(model=[1.0, 1.0, math.nan, 1.0]), {}, "model is missing for part of the snapshot 2024-02-01"),
        (FRAME.assign(rule=[1.0, 1.0, math.nan, math.nan]), {"newly_due": ["2024-01-01"]}, "rule is the baseline"),
        (FRAME.assign(truth=math.nan), {}, "truth has 2 missing or infinite values"),
        (FRAME, {"metrics": by_name(brier)}, "truth must be 0 or 1"),
    ],
)
def test_bad_input_is_named(frame, changes, message):
    with pytest.raises(ValueError, match=message):
        scored(frame, **changes)
