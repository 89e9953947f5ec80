"""Checked frames, samples and folds of churn models."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.classifiers_data import feature_matrix, sample_customers, training_data
from crm_pipeline.models.classifiers_folds import customer_fold, make_folds
from crm_pipeline_tests.models.churn_frames import FEATURES, HORIZON_DAYS, churn_frame


def data(**settings):
    return training_data(churn_frame(**settings), FEATURES)


def test_matrix_takes_decimals_nullable_integers_and_infinities():
    frame = pd.DataFrame(
        {
            "days_since_last_order": pd.array([1, 2], dtype="Int64"),
            "spend_amount": [Decimal("1.50"), None],
            "ratio": [np.inf, 2.0],
            "orders": pd.array([None, 3], dtype="Int64"),
            "is_new": [True, False],
        }
    )
    assert feature_matrix(frame, list(frame)) == pytest.approx(
        np.array([[1, 1.5, np.nan, np.nan, 1], [2, np.nan, 2, 3, 0]]), nan_ok=True
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="is_churned"), "columns are missing: is_churned"),
        (lambda f: f.drop(columns="days_since_last_order"), "columns are missing: days_since_last_order"),
        (lambda f: f.assign(city="Rome"), "city is not numeric"),
        (lambda f: pd.concat([f, f.head(2)]), "2 rows repeat"),
        (
            lambda f: f.assign(is_churned=f["is_churned"].astype("boolean").mask(f.index == 0)),
            "is_churned is missing in 1",
        ),
        (lambda f: f.assign(days_since_last_order=-1), "days_since_last_order is missing or negative"),
        (lambda f: f.assign(is_active=2), "is_active must be true or false"),
    ],
)
def test_refuses_and_names(change, message):
    with pytest.raises(ValueError, match=message):
        training_data(change(churn_frame(customer_count=10)))


def test_rows_are_ordered_by_snapshot_and_customer():
    frame = churn_frame(customer_count=50)
    shuffled = training_data(frame.sample(frac=1, random_state=0), FEATURES)
    ordered = training_data(frame, FEATURES)
    assert shuffled.X.tobytes() == ordered.X.tobytes()
    assert (shuffled.customer_hash == ordered.customer_hash).all()


def test_sample_keeps_all_rows_of_a_customer():
    sample = sample_customers(data(snapshot_count=3, customer_count=400), row_cap=300)
    _, rows = np.unique(sample.customer_hash, return_counts=True)
    assert len(rows) == 100
    assert (rows == 3).all()


def test_smaller_samples_are_part_of_larger_ones():
    everything = data()
    small, large = (set(sample_customers(everything, cap).customer_hash) for cap in (200, 500))
    assert small < large


def test_folds_judge_later_snapshots_and_other_customers():
    training = data(snapshot_count=6)
    folds = make_folds(training, HORIZON_DAYS)
    assert len(folds) == 6  # two blocks of time, three of customers
    for fold in folds:
        assert not set(training.customer_hash[fold.fit]) & set(training.customer_hash[fold.judged])
        known = training.snapshot[fold.fit] + np.timedelta64(HORIZON_DAYS, "D")
        assert known.max() <= training.snapshot[fold.judged].min()


def test_each_row_is_judged_once_at_most():
    training = data(snapshot_count=6)
    judged = np.concatenate([fold.judged for fold in make_folds(training, HORIZON_DAYS)])
    assert len(set(judged)) == len(judged) == 4 * 400


def test_one_snapshot_is_split_by_customers():
    training = data(snapshot_count=1)
    folds = make_folds(training, HORIZON_DAYS)
    assert sorted(np.concatenate([fold.judged for fold in folds])) == list(range(400))
    assert all((customer_fold(training)[fold.judged] == fold.customer_fold).all() for fold in folds)


def test_outcomes_longer_than_the_step_are_known_late():
    training = data(snapshot_count=6)
    first = make_folds(training, 90)[0]
    # judged from March on; January's outcome is known in April only, so that January and February are used as they are
    assert np.unique(training.snapshot[first.fit]).astype("datetime64[D]").astype(str).tolist() == [
        "2024-01-01",
        "2024-02-01",
    ]
