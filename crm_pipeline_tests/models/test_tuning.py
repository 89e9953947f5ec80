"""The search for settings: inside its space, the same every time, judged on customers that no trial saw."""

import numpy as np
import pytest

from crm_pipeline.models import tuning
from crm_pipeline.models.classifiers import fit_churn
from crm_pipeline.models.tuning import JUDGING_FOLD, Found, tune_churn
from crm_pipeline.models.tuning_space import SPACES, Range
from crm_pipeline_tests.models.churn_frames import FEATURES, HORIZON_DAYS, churn_frame

COLUMNS = ["snapshot_date", "customer_id", "is_churned", "is_active", *FEATURES]


@pytest.fixture(scope="module")
def frame():
    return churn_frame(snapshot_count=3, customer_count=300)[COLUMNS]


@pytest.fixture(scope="module")
def found(frame):
    return tune_churn(frame, HORIZON_DAYS, trials=2)


def test_every_model_gets_settings_inside_its_space(found):
    assert [item.model for item in found] == list(SPACES)
    for item in found:
        assert item.settings.keys() == SPACES[item.model].keys()
        assert all(SPACES[item.model][key].holds(value) for key, value in item.settings.items())
        assert item.improvement_lower <= item.default_log_loss - item.log_loss <= item.improvement_upper


def test_the_same_frame_gives_the_same_settings(frame, found):
    assert tune_churn(frame.sample(frac=1, random_state=1), HORIZON_DAYS, trials=2) == found


def test_trials_see_no_outcome_of_those_who_judge(frame, monkeypatch):
    judged = {"trial": set(), "verdict": set()}
    held_out = tuning._held_out

    def watched(name, data, folds, settings):
        kind = "verdict" if folds[0].customer_fold == JUDGING_FOLD else "trial"
        judged[kind] |= {int(value) for fold in folds for value in data.customer_hash[fold.judged]}
        for fold in folds:
            assert not set(data.customer_hash[fold.fit]) & set(data.customer_hash[fold.judged])
            assert data.snapshot[fold.fit].max() < data.snapshot[fold.judged].min()
        return held_out(name, data, folds, settings)

    monkeypatch.setattr(tuning, "_held_out", watched)
    monkeypatch.setattr(tuning, "SPACES", {"svm": SPACES["svm"]})
    progress = []
    tune_churn(frame, HORIZON_DAYS, trials=2, report=lambda name, done, best: progress.append((name, done)))
    assert judged["trial"] and judged["verdict"] and not judged["trial"] & judged["verdict"]
    assert progress == [("svm", 1), ("svm", 2)]


def test_bad_defaults_are_replaced(frame, monkeypatch):
    fitted = tuning.VectorMachine.fit_machine
    awful = classmethod(lambda cls, X, y, transform, cost=1e-12: fitted(X * 0 if cost == 1e-12 else X, y, transform))
    monkeypatch.setattr(tuning.VectorMachine, "fit_machine", awful)
    monkeypatch.setattr(tuning, "SPACES", {"svm": SPACES["svm"]})
    (found,) = tune_churn(frame, HORIZON_DAYS, trials=1)
    assert found.is_better and found.log_loss < found.default_log_loss


def test_a_gain_that_may_be_none_is_not_taken():
    assert not Found("svm", {}, 1, 0.3, 0.31, improvement_lower=0.0, improvement_upper=0.02).is_better
    assert Found("svm", {}, 1, 0.3, 0.31, improvement_lower=0.001, improvement_upper=0.02).is_better


@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
def test_too_few_outcomes_are_not_searched(frame, share):
    rows = frame.assign(is_churned=np.arange(len(frame)) < share * len(frame))
    assert tune_churn(rows, HORIZON_DAYS, trials=1) == []


def test_at_least_one_trial(frame):
    with pytest.raises(ValueError, match="trials must be at least 1, not 0"):
        tune_churn(frame, HORIZON_DAYS, trials=0)


def test_found_settings_make_the_fit_and_are_kept_with_it(frame):
    settings = {"boosting": {"num_leaves": 4, "max_depth": 2}, "svm": {"cost": 0.5}}
    plain, tuned = (fit_churn(frame, HORIZON_DAYS, FEATURES, tuned=each) for each in ({}, settings))
    assert tuned.settings["tuned"] == settings and "tuned" not in plain.settings
    changed = [name for name in plain.models if plain.models[name].to_dict() != tuned.models[name].to_dict()]
    assert changed == ["svm", "boosting"]


def test_ranges():
    whole = Range(2, 5, is_whole=True)
    assert [whole.holds(value) for value in (2, 5, 1, 6, 3.0, True, "3")] == [True, True, *([False] * 5)]
    assert Range(0.1, 1).holds(1) and not Range(0.1, 1).holds(float("nan"))
