"""The single models: the rules by hand, the linear one and the trees by what they must recover."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crm_pipeline.models.classifiers_boosting import BoostingModel, ForestModel, TreeModel
from crm_pipeline.models.classifiers_btyd import BtydRule, MixedBtydRule, with_btyd
from crm_pipeline.models.classifiers_linear import LogisticModel, Transform, VectorMachine
from crm_pipeline.models.classifiers_rules import RecencyRule

NAN = np.nan


def sample(n=6000, seed=0):
    """log-odds = -1 + x0 - 0.5 x1 of two standard normals, a constant, and a column without values."""
    random = np.random.default_rng(seed)
    X = np.column_stack([random.normal(size=(n, 2)), np.full(n, 7.0), np.full(n, NAN)])
    z = -1 + X[:, 0] - 0.5 * X[:, 1]
    return X, random.random(n) < 1 / (1 + np.exp(-z)), z


def test_recency_prior_is_even_when_the_silence_is_as_long_as_the_horizon():
    rule = RecencyRule.prior(30, column=0)
    probability = 1 / (1 + np.exp(-rule.log_odds(np.array([[29.0], [89.0], [0.0]]))))
    assert probability == pytest.approx([30 / 60, 90 / 120, 1 / 31])


def test_recency_rule_learns_the_share_of_each_bin():
    X = np.repeat([2.0, 40.0], 1000)[:, None]
    y = np.concatenate([np.arange(1000) < 100, np.arange(1000) < 600])
    probability = 1 / (1 + np.exp(-RecencyRule.fit(X, y, 0).log_odds(np.array([[2.0], [40.0], [500.0]]))))
    assert probability[:2] == pytest.approx([0.1, 0.6], abs=0.005)
    # beyond what was seen only the line goes on, at half its slope: log-odds of .6, + half of log(501 / 41) * slope
    slope = (np.log(0.6 / 0.4) - np.log(0.1 / 0.9)) / np.log(41 / 3)
    z = np.log(0.6 / 0.4) + np.log(501 / 41) * slope / 2
    assert probability[2] == pytest.approx(1 / (1 + np.exp(-z)), abs=0.005)


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=2, max_size=300))
def test_recency_rule_never_falls(rows):
    X = np.array([[float(days)] for days, _ in rows])
    y = np.array([churned for _, churned in rows])
    assume(y.any() and not y.all())
    rule = RecencyRule.fit(X, y, 0)
    assert (np.diff(rule.log_odds(np.arange(0.0, 500.0)[:, None])) >= -1e-12).all()


def test_btyd_is_the_poisson_chance_of_no_order():
    rule = BtydRule(1, RecencyRule.prior(30, 0), 0.0)
    X = np.array([[5.0, np.log(2)], [5.0, np.log(4)], [29.0, NAN], [5.0, 1e6], [5.0, 0.0]])
    z = rule.log_odds(X)
    assert z[:3] == pytest.approx([0.0, -np.log(3), 0.0])  # the row without expectation takes the recency rule
    assert z[3:] == pytest.approx([-8.0, 8.0], abs=0.001)  # and the limits hold


def test_an_uncertain_rate_makes_leaving_likelier():
    frame = pd.DataFrame(
        {"expected_purchases": [2.0, 2.0, NAN, 1.0], "order_day_rate": [0.01, 0.04, 0.01, 0.01], "tenure_days": 100}
    )
    odds = np.exp(with_btyd(frame)["btyd_log_odds"])
    # (1 + 2/1)^-1 = 1/3; (1 + 2/4)^-4 = 16/81; with a known rate it would be exp(-2) = .135
    assert odds.tolist() == pytest.approx([1 / 2, 16 / 65, NAN, 1.0], nan_ok=True)
    assert "btyd_log_odds" not in with_btyd(frame.drop(columns="tenure_days"))
    rule = MixedBtydRule(1, RecencyRule.prior(30, 0), 0.0)
    assert rule.log_odds(np.array([[29.0, -1.5], [29.0, NAN]])) == pytest.approx([-1.5, 0.0])


def test_transform_by_hand():
    X = np.array([[0.0], [1.0], [3.0], [NAN]])
    transform = Transform.fit(X)
    design = transform.design(X)
    assert design.shape == (4, 2)  # the value and whether it is missing
    assert design[:, 1] == pytest.approx([-0.25, -0.25, -0.25, 0.75])
    assert design[3, 0] == pytest.approx(design[1, 0])  # the median
    assert design[:, 0].mean() == pytest.approx(0)
    assert design[:, 0].std() == pytest.approx(1)


def test_skewed_columns_are_logged():
    random = np.random.default_rng(0)
    X = np.column_stack([random.lognormal(size=500), random.normal(size=500)])
    assert Transform.fit(X).is_log == [True, False]


def test_logistic_recovers_its_parameters():
    X, y, z = sample()
    model = LogisticModel.fit(X, y, (100.0,))[100.0]
    is_inside = (np.abs(X[:, :2]) < 2).all(axis=1)  # values beyond the 1st and 99th percentile are clipped
    assert model.log_odds(X)[is_inside] == pytest.approx(z[is_inside], abs=0.25)
    assert model.coefficients[2:] == [0.0, 0.0]  # nothing from the constant and the empty column


def test_logistic_shrinks_with_the_penalty():
    X, y, _ = sample(500)
    models = LogisticModel.fit(X, y, (0.001, 1.0))
    assert np.abs(models[0.001].coefficients).sum() < 0.5 * np.abs(models[1.0].coefficients).sum()


def test_trees_find_an_interaction():
    X, _, _ = sample()
    y = (X[:, 0] > 0) & (X[:, 1] > 0.5)
    z = BoostingModel.fit(X, y, 100).log_odds(X)
    assert ((z > 0) == y).mean() > 0.98


def test_trees_after_so_many_rounds():
    X, y, _ = sample(1000)
    long, short = BoostingModel.fit(X, y, 40), BoostingModel.fit(X, y, 15)
    after = long.log_odds_after(X, (15, 40))
    assert after[0] == pytest.approx(short.log_odds(X))
    assert after[1] == pytest.approx(long.log_odds(X))


@pytest.mark.parametrize("kind", ["recency", "btyd", "mixed", "logistic", "svm", "tree", "forest", "boosting", "stump"])
def test_contributions_add_up_and_parameters_are_json(kind):
    X, y, _ = sample(1000)
    X = np.abs(X)
    X[::7, 1] = NAN
    recency = RecencyRule.fit(X, y, 0)
    model = {
        "recency": lambda: recency,
        "btyd": lambda: BtydRule.fit(X, 1, recency),
        "mixed": lambda: MixedBtydRule.fit(X, 1, recency),
        "logistic": lambda: LogisticModel.fit(X, y, (0.1,))[0.1],
        "svm": lambda: VectorMachine.fit_machine(X, y, Transform.fit(X)),
        "tree": lambda: TreeModel.fit_tree(X, y),
        "forest": lambda: ForestModel.fit(X, y),
        "boosting": lambda: BoostingModel.fit(X, y, 30),
        "stump": lambda: BoostingModel.fit(X[:12], y[:12], 30),  # too few rows for a single split
    }[kind]()
    assert model.base + model.contributions(X).sum(axis=1) == pytest.approx(model.log_odds(X), abs=1e-9)
    text = json.dumps(model.to_dict(), allow_nan=False)
    again = RecencyRule(**json.loads(text)) if kind == "recency" else type(model).from_dict(json.loads(text))
    np.testing.assert_array_equal(again.log_odds(X), model.log_odds(X))


def test_a_tree_a_forest_and_a_machine_rank_as_the_truth_does():
    X, y, z = sample(3000)
    for model in (TreeModel.fit_tree(X, y), ForestModel.fit(X, y), VectorMachine.fit_machine(X, y, Transform.fit(X))):
        assert np.corrcoef(model.log_odds(X), z)[0, 1] > 0.8
    # each leaf of the tree says the share of churn in it
    assert (1 / (1 + np.exp(-TreeModel.fit_tree(X, y).log_odds(X)))).mean() == pytest.approx(y.mean(), abs=1e-3)


def test_boosting_refuses_other_text():
    with pytest.raises(ValueError, match="not a LightGBM model"):
        BoostingModel.from_dict({"text": "nonsense"})
