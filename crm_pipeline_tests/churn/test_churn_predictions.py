"""Churn scores: by hand where the model is a prior, by law where it is fitted."""

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.churn import churn_predictions
from crm_pipeline.churn.churn_model import registry_rows
from crm_pipeline_tests.churn.registry import DAY, fitted, prior_rows
from crm_pipeline_tests.kit import built_rows, make_project
from crm_pipeline_tests.models.churn_frames import churn_frame

CUTOFFS = pd.DataFrame({"cutoff": [0.2, 0.3], "is_recommended": [False, True]})


def scored(language="en", **changed):
    """The predictions of the fitted model for 400 customers."""
    frame = churn_frame(snapshot_count=1, seed=9)
    frame = frame.assign(**({"clv": 100.0, "customer_count": len(frame)} | changed))
    project = make_project(language=language)
    return churn_predictions.build(frame, registry_rows(fitted(), DAY), CUTOFFS, project, DAY), frame


def test_a_prior_by_hand(assert_builds):
    assert_builds(
        churn_predictions,
        snapshot_date="2024-04-01",
        churn_model=prior_rows(),
        customer_features="""customer_id, is_active, days_since_last_order
                             ada,         true,      10
                             bob,         false,     89
                             cyd,         true,      29""",
        customer_clv="""customer_id, expected_purchases_churn_horizon, clv
                        ada,         2,                                100
                        bob,         0.25,                             10""",
        # exp(-2), exp(-1/4), and for cyd, of whom nothing is expected, (29 + 1) / (29 + 1 + 30)
        expected="""customer_id, churn_probability, baseline_probability, btyd_probability, risk_band, value_at_risk
                    ada,         0.1353,            0.2683,               0.1353,           low,       13.53
                    bob,         0.7788,            0.7500,               0.7788,           high,      7.79
                    cyd,         0.5000,            0.5000,               0.5000,           high,      """,
    )


def test_a_prior_says_so(assert_builds):
    assert_builds(
        churn_predictions,
        snapshot_date="2024-04-01",
        churn_model=prior_rows(),
        customer_features="customer_id, is_active, days_since_last_order\n ada, true, 10",
        expected="customer_id, is_active, horizon_days, model, is_fallback\n ada, true, 30, btyd, true",
    )


def test_customers_without_a_model_are_an_error():
    with pytest.raises(ValueError, match="churn_model holds 0 champions of the snapshot 2024-04-01"):
        built_rows(
            churn_predictions, snapshot_date="2024-04-01", customer_features="customer_id, is_active\n ada, true"
        )


def test_the_champion_is_published_beside_every_candidate():
    rows, frame = scored()
    expected = fitted().probabilities(frame)
    np.testing.assert_array_equal(rows["churn_probability"], expected["churn_probability"])
    for column, candidate in churn_predictions.CANDIDATES.items():
        np.testing.assert_array_equal(rows[column], expected[candidate])
    np.testing.assert_array_equal(rows["value_at_risk"], 100 * rows["churn_probability"])
    assert set(rows["model"]) == {fitted().champion}
    assert not rows["is_fallback"].any()


def test_the_recommended_cut_off_comes_along():
    assert set(scored()[0]["recommended_cutoff"]) == {0.3}


def test_bands_have_fixed_limits():
    rows, _ = scored()
    limits = rows.groupby("risk_band")["churn_probability"].agg(["min", "max"])
    assert limits.at["low", "max"] < 0.2 <= limits.at["medium", "min"]
    assert limits.at["medium", "max"] < 0.5 <= limits.at["high", "min"]


def test_reasons_are_codes_and_words():
    rows, frame = scored()
    first = rows.iloc[0]
    feature, direction = first["reason_1_code"].split(":")
    assert first["reason_1_value"] == frame[feature].iloc[0]
    assert first["reason_1"].endswith(f"{direction} the risk of leaving.")
    shares = rows[[f"reason_{i}_share" for i in (1, 2, 3)]].sum(axis=1)
    assert (shares > 0).all() and (shares <= 1 + 1e-9).all()


def test_words_change_with_the_language_and_nothing_else_does():
    german, english = scored("de")[0], scored("en")[0]
    assert german["reason_1"].iloc[0].endswith("das Abwanderungsrisiko.")
    words = ["reason_1", "reason_2", "reason_3"]
    pd.testing.assert_frame_equal(german.drop(columns=words), english.drop(columns=words))


def test_a_batch_is_scored_like_the_whole():
    whole, frame = scored()
    registry = registry_rows(fitted(), DAY)
    parts = [
        churn_predictions.build(part, registry, CUTOFFS, make_project(), DAY)
        for part in (frame.iloc[:150], frame.iloc[150:])
    ]
    pd.testing.assert_frame_equal(pd.concat(parts), whole)


def test_in_a_large_snapshot_active_customers_likely_to_leave_get_exact_reasons():
    probability = np.array([0.9, 0.1, 0.8, 0.5, 0.8, 0.7])
    is_active = np.array([False, True, True, True, True, False])
    # 100,000 of 200,000 customers: half of the six rows; of equal ones the earlier
    assert churn_predictions.exact_rows(probability, is_active, 200_000).tolist() == [0, 0, 1, 1, 1, 0]
    assert churn_predictions.exact_rows(probability, is_active, 300_000).tolist() == [0, 0, 1, 0, 1, 0]
    assert churn_predictions.exact_rows(probability, is_active, 600_000).tolist() == [0, 0, 1, 0, 0, 0]
    assert churn_predictions.exact_rows(probability, is_active, 100_000).all()


def test_no_row_is_exact_only_because_others_are_inactive():
    chosen = churn_predictions.exact_rows(np.array([0.9, 0.8]), np.array([False, False]), 150_000)
    assert not chosen.any()
