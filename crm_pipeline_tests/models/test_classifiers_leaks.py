"""Canaries: what knows the future is caught, and labels without meaning teach nothing."""

import numpy as np
import pytest

from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.classifiers import fit_churn
from crm_pipeline.models.classifiers_data import training_data
from crm_pipeline.models.classifiers_leaks import tell_tales
from crm_pipeline.models.metrics import by_name, roc_auc
from crm_pipeline_tests.models.churn_frames import FEATURES, HORIZON_DAYS, churn_frame


@pytest.fixture(scope="module")
def frame():
    return churn_frame(snapshot_count=3, customer_count=400)


@pytest.fixture(scope="module")
def planted(frame):
    """Orders of the coming horizon: a count that is 0 for exactly those who leave, and one known only of stayers."""
    random = np.random.default_rng(0)
    orders = np.where(frame["is_churned"], 0, 1 + random.poisson(2, len(frame)))
    return frame.assign(order_count_ahead=orders, next_gap_days=np.where(frame["is_churned"], np.nan, 5.0))


def test_features_from_the_future_are_caught(planted):
    data = training_data(planted, (*FEATURES, "order_count_ahead", "next_gap_days"))
    assert tell_tales(data) == {"order_count_ahead": 1.0, "next_gap_days": 1.0}


def test_they_are_left_out_and_named(frame, planted):
    names = (*FEATURES, "order_count_ahead", "next_gap_days")
    model = fit_churn(planted, HORIZON_DAYS, names)
    assert model.features == FEATURES
    assert set(model.settings["left_out"]) == {"order_count_ahead", "next_gap_days"}
    honest = fit_churn(frame, HORIZON_DAYS, FEATURES)
    assert honest.settings["left_out"] == {}
    scored = [each.probabilities(planted)["churn_probability"] for each in (model, honest)]
    np.testing.assert_array_equal(*scored)


def test_the_area_counts_ties_half():
    data = training_data(churn_frame(snapshot_count=1, customer_count=200).assign(constant=1.0), ("constant",))
    assert tell_tales(data) == {}


def test_shuffled_labels_teach_nothing(frame):
    random = np.random.default_rng(1)
    shuffled = frame.assign(is_churned=random.permutation(frame["is_churned"]))
    model = fit_churn(shuffled, HORIZON_DAYS, FEATURES)
    assert model.champion == "recency_rule"
    later = churn_frame(snapshot_count=1, customer_count=2000, seed=5)
    scores = model.probabilities(later)
    truth = random.permutation(later["is_churned"]).astype(float)
    models = {name: scores[name] for name in ("recency_rule", "logistic", "boosting", "blend")}
    table = paired_bootstrap(truth, models, by_name(roc_auc), later["customer_id"], "recency_rule", replicates=100)
    assert (table["lower"] <= 0.5).all() and (table["upper"] >= 0.5).all()


def test_shuffled_labels_are_no_better_than_chance_on_the_rows_that_models_are_chosen_by(frame):
    """A leak between what is fitted on and what is judged would show here, whatever later customers do."""
    for seed in range(2):
        random = np.random.default_rng(seed)
        shuffled = frame.assign(is_churned=random.permutation(frame["is_churned"]))
        model = fit_churn(shuffled, HORIZON_DAYS, FEATURES)
        churned = model.settings["training_churn_share"] * model.settings["judged_rows"]
        stayed = model.settings["judged_rows"] - churned
        # of the area under the null (Hanley and McNeil, 1982); four of them are not by chance
        error = np.sqrt((churned + stayed + 1) / (12 * churned * stayed))
        for candidate, metrics in model.metrics.items():
            assert abs(metrics["roc_auc"] - 0.5) < 4 * error, candidate
