"""Churn from end to end: choice of the champion, priors, reasons, and the laws that every fitted model keeps."""

import json

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.classifiers import fit_churn
from crm_pipeline.models.classifiers_fitted import FittedChurn
from crm_pipeline.models.classifiers_held_out import BLENDED, CANDIDATES
from crm_pipeline.models.metrics import log_loss, roc_auc
from crm_pipeline_tests.models.churn_frames import FEATURES, HORIZON_DAYS, churn_frame


def fit(frame, **settings):
    return fit_churn(frame, HORIZON_DAYS, features=FEATURES, **settings)


@pytest.fixture(scope="module")
def training():
    return churn_frame(snapshot_count=4, customer_count=500)


@pytest.fixture(scope="module")
def fitted(training):
    return fit(training)


@pytest.fixture(scope="module")
def later():
    return churn_frame(snapshot_count=1, customer_count=3000, seed=9)


@pytest.fixture(scope="module", params=CANDIDATES)
def as_champion(request, fitted):
    """The fitted model with each candidate published."""
    return FittedChurn(**(vars(fitted) | {"champion": request.param}))


def test_has_all_candidates_and_says_why(fitted):
    assert fitted.candidates == CANDIDATES
    assert set(fitted.metrics) == set(CANDIDATES)
    assert not fitted.is_prior
    assert "above recency_rule" in fitted.why


def test_champion_is_the_best_on_held_out_rows(fitted):
    assert fitted.champion == min(fitted.metrics, key=lambda name: fitted.metrics[name]["log_loss"])


def test_champion_comes_near_the_true_probability(fitted, later):
    truth = later["is_churned"].to_numpy(dtype=float)
    champion = fitted.probabilities(later)["churn_probability"].to_numpy()
    ideal = later["true_probability"].to_numpy()
    assert log_loss(truth, champion) < log_loss(truth, ideal) + 0.02
    assert roc_auc(truth, champion) > roc_auc(truth, ideal) - 0.02
    assert champion.mean() == pytest.approx(truth.mean(), abs=0.03)


def test_held_out_metrics_foretell_those_of_later_customers(fitted, later):
    active = later[later["is_active"]]
    scored = fitted.probabilities(active)
    for candidate in CANDIDATES:
        measured = log_loss(active["is_churned"].to_numpy(dtype=float), scored[candidate].to_numpy())
        assert measured == pytest.approx(fitted.metrics[candidate]["log_loss"], abs=0.06)


def test_recency_rule_is_published_when_nothing_beats_it():
    model = fit(churn_frame(snapshot_count=3, customer_count=500, signal=0.0))
    assert model.champion == "recency_rule"
    assert "recency_rule" in model.why


def test_order_of_rows_and_columns_does_not_matter(training, fitted):
    shuffled = training.sample(frac=1, random_state=3)
    assert fit(shuffled[sorted(shuffled.columns)]).to_json() == fitted.to_json()


def test_one_snapshot_is_enough():
    model = fit(churn_frame(snapshot_count=1, customer_count=600))
    assert not model.is_prior


def test_without_an_expectation_there_is_no_btyd(training):
    model = fit(training.assign(expected_purchases=np.nan, btyd_log_odds=np.nan))
    assert model.candidates == tuple(name for name in CANDIDATES if not name.startswith("btyd"))
    assert set(model.stacks["blend"].weights) == set(BLENDED)


def test_a_cap_takes_whole_customers(training):
    model = fit(training, row_cap=1200)
    assert model.settings["training_rows"] == 1200


@pytest.mark.parametrize(
    "frame",
    [
        churn_frame(customer_count=500).head(0),
        churn_frame(customer_count=20),
        churn_frame(customer_count=300).assign(is_churned=False),
        churn_frame(customer_count=300).assign(is_churned=True),
    ],
    ids=["no outcomes", "few", "nobody left", "all left"],
)
def test_prior_without_outcomes(frame):
    model = fit(frame)
    assert model.is_prior
    assert model.champion == "btyd_mixed"
    assert "A prior is published" in model.why
    scored = model.probabilities(
        pd.DataFrame(
            {
                "days_since_last_order": [5, 29],
                "order_count_90d": 1,
                "spend_amount_90d": 1.0,
                "mean_gap_days": 1.0,
                "expected_purchases": [np.log(4), np.nan],
                "btyd_log_odds": [np.log(1 / 2), np.nan],
            }
        )
    )
    # odds of 1 to 2, or 1/4 plainly; and 30 of 30 + 30 days
    assert scored["churn_probability"].tolist() == pytest.approx([1 / 3, 0.5])
    assert scored["btyd"].tolist() == pytest.approx([1 / 4, 0.5])


def test_the_level_is_shared_with_the_rules_for_those_who_are_scored(training, fitted):
    silent = training.tail(500).assign(days_since_last_order=200, expected_purchases=0.2, btyd_log_odds=1.2)
    model = fit(training, current=silent)
    own = fitted.probabilities(silent).mean()
    level = model.probabilities(silent).mean()
    for name in ("recency_rule", "btyd_mixed"):
        assert level[name] == pytest.approx(own[name])
    for name in ("logistic", "blend", "forest"):
        assert level[name] == pytest.approx((own[name] + own["recency_rule"] + own["btyd_mixed"]) / 3)


def test_one_customer_alone_cannot_be_judged():
    frame = pd.DataFrame(
        {
            "snapshot_date": pd.date_range("2010-01-01", periods=200, freq="MS"),
            "customer_id": "ada",
            "days_since_last_order": np.arange(200) % 60,
            "is_churned": np.arange(200) % 2 == 0,
        }
    )
    model = fit_churn(frame, HORIZON_DAYS)
    assert model.is_prior
    assert model.champion == "recency_rule"
    assert "too few customers" in model.why


def test_contributions_add_up_to_the_log_odds(as_champion, later):
    parts = as_champion.contributions(later)
    assert parts.intercept + parts.values.sum(axis=1).to_numpy() == pytest.approx(as_champion.log_odds(later), abs=1e-6)
    assert (parts.reason_method == "exact").all()
    assert parts.shares().sum(axis=1).to_numpy() == pytest.approx(np.ones(len(later)))


def test_cheap_contributions_are_the_logistic_ones(fitted, later):
    model = FittedChurn(**(vars(fitted) | {"champion": "boosting"}))
    is_exact = np.arange(len(later)) % 3 == 0
    cheap, exact = model.contributions(later, is_exact), model.contributions(later)
    assert (cheap.reason_method == np.where(is_exact, "exact", "linear")).all()
    sums = cheap.intercept + cheap.values.sum(axis=1).to_numpy()
    assert sums[~is_exact] == pytest.approx(model.log_odds(later, "logistic")[~is_exact], abs=1e-6)
    pd.testing.assert_frame_equal(cheap.values[is_exact], exact.values[is_exact])


def test_json_round_trip_scores_identically(as_champion, later):
    text = as_champion.to_json()
    json.loads(text)
    again = FittedChurn.from_json(text)
    pd.testing.assert_frame_equal(again.probabilities(later), as_champion.probabilities(later), check_exact=True)
    pd.testing.assert_frame_equal(again.top_reasons(later), as_champion.top_reasons(later), check_exact=True)
    assert again.to_json() == text


def test_scores_are_probabilities_of_each_row_alone(fitted, later):
    scored = fitted.probabilities(later)
    assert ((scored > 0) & (scored < 1)).all(axis=None)
    shuffled = later.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fitted.probabilities(shuffled).loc[later.index], scored, check_exact=True)
    assert fitted.probabilities(later.head(0)).empty


def test_batches_do_not_change_scores(fitted, later, monkeypatch):
    whole, reasons = fitted.probabilities(later), fitted.top_reasons(later)
    monkeypatch.setattr("crm_pipeline.models.classifiers_fitted.BATCH_ROWS", 700)
    pd.testing.assert_frame_equal(fitted.probabilities(later), whole, check_exact=True)
    pd.testing.assert_frame_equal(fitted.top_reasons(later), reasons, check_exact=True)


def test_top_reasons_lead_with_what_made_the_score(fitted, later):
    reasons = fitted.top_reasons(later, k=2)
    parts = fitted.contributions(later)
    is_above = parts.values.sum(axis=1).to_numpy() > 0
    assert (reasons["reason_1"].str.endswith(":raises").to_numpy() == is_above).all()
    assert (reasons["reason_1_share"] + reasons["reason_2_share"]).between(0, 1 + 1e-9).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model, frame: model.log_odds(frame, "oracle"), "no candidate 'oracle'"),
        (lambda model, frame: model.log_odds(frame.drop(columns="mean_gap_days")), "missing: mean_gap_days"),
        (lambda model, frame: model.contributions(frame, np.array([True])), "exact_for"),
        (lambda model, frame: fit_churn(frame, 0), "horizon_days"),
        (lambda model, frame: fit_churn(frame, 30, row_cap=0), "row_cap"),
        (lambda model, frame: FittedChurn.from_json("{}"), "not a churn model"),
        (lambda model, frame: FittedChurn.from_json("[1]"), "not a churn model"),
    ],
)
def test_refuses(call, message, fitted, later):
    with pytest.raises(ValueError, match=message):
        call(fitted, later)
