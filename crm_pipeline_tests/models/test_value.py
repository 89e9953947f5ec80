"""The blend on a shop whose truth is known, its parts by hand, and its laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.models.metrics import mae, normalized_gini
from crm_pipeline.models.value import BLEND, ValueModel, fit_value, held_out
from crm_pipeline.models.value_blend import common_levels, fit_weights, levelled, mix
from crm_pipeline.models.value_boosting import BoostedSpend, Reference
from crm_pipeline.models.value_intervals import RatioIntervals, interval_score

SIMPLE = ["naive", "btyd", "btyd_purchases"]


def shop(customers: int, snapshots: int, seed: int = 0) -> pd.DataFrame:
    """Customers buy with a chance and an amount that `habit` and `basket` tell, and simple models see but dimly."""
    random = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=snapshots, freq="MS")
    frame = pd.DataFrame(
        [(day, f"c{number:04d}") for day in days for number in range(customers)],
        columns=["snapshot_date", "customer_id"],
    )
    habit = np.tile(random.uniform(0, 1, customers), snapshots)
    basket = np.tile(random.gamma(4, 10, customers), snapshots)
    buys = random.uniform(size=len(frame)) < habit
    return frame.assign(
        is_active=True,
        habit=habit,
        basket=basket,
        days_since_last_order=random.integers(1, 60, len(frame)),
        btyd_purchases=0.3 + 0.4 * habit,
        btyd=20 + 0.2 * habit * basket,
        naive=random.gamma(1, 20, len(frame)),
        spend=np.where(buys, basket * random.gamma(20, 1 / 20, len(frame)), 0.0),
    )


@pytest.fixture(scope="module")
def fitted() -> tuple[ValueModel, pd.DataFrame, pd.DataFrame]:
    """The model of four snapshots, its held-out rows, and what it says of a fifth snapshot, beside the outcomes."""
    frame = shop(600, 5)
    is_current = frame["snapshot_date"] == frame["snapshot_date"].max()
    current = frame[is_current]
    model, held = fit_value(frame[~is_current], current.drop(columns="spend"), 30)
    return model, held, current.join(model.predict(current).drop(columns=["naive", "btyd"]))


def test_it_finds_what_simple_models_miss(fitted: tuple[ValueModel, pd.DataFrame, pd.DataFrame]) -> None:
    scored = fitted[2]
    best = normalized_gini(scored["spend"], scored["habit"] * scored["basket"])
    assert normalized_gini(scored["spend"], scored[BLEND]) > 0.9 * best
    assert mae(scored["spend"], scored[BLEND]) < 0.8 * mae(scored["spend"], scored["btyd"])


def test_held_out_rows_are_later_and_the_newest_third(fitted: tuple[ValueModel, pd.DataFrame, pd.DataFrame]) -> None:
    assert set(fitted[1]["snapshot_date"]) == {pd.Timestamp("2024-04-01")}
    assert len(fitted[1]) == 600


def test_intervals_hold_four_of_five(fitted: tuple[ValueModel, pd.DataFrame, pd.DataFrame]) -> None:
    model, _, scored = fitted
    assert model.intervals is not None
    chance, forecast, spend = (scored[name].to_numpy() for name in ("chance", BLEND, "spend"))
    position = model.intervals.position(chance, forecast, spend, np.random.default_rng(1).random(len(spend)))
    counts = np.histogram(position, 10, (0, 1))[0]
    # 600 outcomes, 60 a tenth, give or take 7.3
    assert (abs(counts - 60) < 4 * 7.3).all()
    assert 0.74 < np.mean((position > 0.1) & (position < 0.9)) < 0.86


def test_a_reloaded_model_says_the_same(fitted: tuple[ValueModel, pd.DataFrame, pd.DataFrame]) -> None:
    model, _, scored = fitted
    assert ValueModel.from_json(model.to_json()).predict(scored).equals(model.predict(scored))
    with pytest.raises(ValueError, match="value/1"):
        ValueModel.from_json('{"format": "pickle"}')


def test_neither_the_order_of_rows_nor_a_second_fit_changes_a_bit() -> None:
    frame = shop(300, 3)
    current = frame[frame["snapshot_date"] == frame["snapshot_date"].max()]
    shuffled = frame.sample(frac=1, random_state=3)
    assert fit_value(frame, current, 30)[0].to_json() == fit_value(shuffled, current, 30)[0].to_json()


def test_who_else_is_scored_changes_nobody(fitted: tuple[ValueModel, pd.DataFrame, pd.DataFrame]) -> None:
    model, _, scored = fitted
    assert model.predict(scored.iloc[:7]).equals(model.predict(scored).iloc[:7])


def test_without_outcomes_simple_models_share_alike() -> None:
    current = shop(50, 1).drop(columns="spend")
    model, held = fit_value(shop(50, 1).iloc[:0], current, 30)
    assert (model.boosted, model.intervals, len(held)) == (None, None, 0)
    found = model.predict(current)
    assert found[BLEND].tolist() == pytest.approx(((found["naive"] + found["btyd"]) / 2).tolist())
    assert found["naive"].sum() == pytest.approx(found["btyd"].sum())


def test_with_one_snapshot_the_trees_see_other_customers() -> None:
    frame = shop(900, 1)
    features = ("habit", "basket", "days_since_last_order", *SIMPLE)
    held = held_out(frame, features, 30)
    assert len(held) == 900 and "correction" in held
    # a model of all rows would know half of them by heart
    reference = Reference.of(*(frame[name].to_numpy() for name in SIMPLE), 20.0)
    known = BoostedSpend.fit(frame[list(features)].to_numpy(), frame["spend"].to_numpy(), reference)
    by_heart = known.predict(frame[list(features)].to_numpy(), reference)[2]
    assert normalized_gini(frame["spend"], held["correction"]) < normalized_gini(frame["spend"], by_heart)


def test_trees_see_only_outcomes_that_were_known_when_the_newest_snapshots_began() -> None:
    frame = shop(900, 6)
    features = ("habit", "basket", "days_since_last_order", *SIMPLE)
    # the newest two of six are judged, from 1 May on; 60 days before it, the first two and March's were known
    known = frame["snapshot_date"] <= "2024-03-01"
    changed = frame.assign(spend=frame["spend"].where(known | (frame["snapshot_date"] >= "2024-05-01"), 1e6))
    assert held_out(changed, features, 60)["correction"].equals(held_out(frame, features, 60)["correction"])
    assert not held_out(changed, features, 30)["correction"].equals(held_out(frame, features, 30)["correction"])


def test_weights_of_a_customer_are_learned_from_others() -> None:
    frame, current = shop(900, 3), shop(900, 1).drop(columns="spend")
    held = fit_value(frame, current, 30)[1]
    one = held["customer_id"].iloc[0]
    is_half = pd.util.hash_array(frame["customer_id"].to_numpy(dtype=object), categorize=False) % 2
    own = frame["customer_id"] == one
    # other outcomes of the judged month for one's own half change the weights of the other half only
    is_moved = (frame["snapshot_date"] == frame["snapshot_date"].max()) & (is_half == is_half[own][0])
    changed = fit_value(frame.assign(spend=frame["spend"].where(~is_moved, 5.0)), current, 30)[1]
    same_half = held["customer_id"].isin(set(frame.loc[is_half == is_half[own][0], "customer_id"]))
    assert changed.loc[same_half, BLEND].equals(held.loc[same_half, BLEND])


def test_the_level_follows_the_correction_to_a_half_as_snapshots_are_known() -> None:
    totals = {"naive": 50.0, "btyd": 100.0, "centre": 80.0, "correction": 1600.0}
    # after six snapshots its share is a quarter: 100 x 16^(1/4) = 200; in the end a half: 400
    assert common_levels(totals, 6) == pytest.approx({"naive": 4.0, "btyd": 2.0, "centre": 2.5, "correction": 0.125})
    assert common_levels(totals, 10**9)["btyd"] == pytest.approx(4.0)
    assert common_levels(totals, 0)["btyd"] == 1.0
    assert common_levels({"naive": 0.0, "btyd": 0.0}, 3) == {"naive": 1.0, "btyd": 1.0}


def test_groups_have_levels_of_their_own() -> None:
    found = levelled(
        {"btyd": np.array([1.0, 3.0, 10.0]), "correction": np.array([2.0, 2.0, 160.0])}, np.array([0, 0, 1]), 6
    )
    # 4 and 4 agree; 10 and 160 meet at 20
    assert found["correction"].tolist() == pytest.approx([2.0, 2.0, 20.0])
    assert found["btyd"].tolist() == pytest.approx([1.0, 3.0, 20.0])


def test_weights_go_to_the_better_forecast() -> None:
    random = np.random.default_rng(5)
    truth = random.gamma(2, 10, 2000)
    noise = random.permutation(truth)
    forecasts = {"naive": noise, "btyd": noise[::-1], "centre": noise, "correction": truth}
    weights = fit_weights(forecasts, truth)
    assert weights["correction"] == 1
    assert sum(weights.values()) == 1


@given(st.integers(0, 2**32 - 1))
def test_a_mix_lies_between_its_parts(seed: int) -> None:
    random = np.random.default_rng(seed)
    forecasts = {name: random.gamma(1, 10, 40) for name in ("naive", "btyd")}
    weights = fit_weights(forecasts, random.gamma(1, 10, 40))
    mixed = mix(forecasts, weights)
    low, high = np.minimum(*forecasts.values()), np.maximum(*forecasts.values())
    assert ((mixed >= low - 1e-9) & (mixed <= high + 1e-9)).all()


def test_quantiles_are_those_of_the_group() -> None:
    chance = np.repeat([0.1, 0.9], 100)
    spend = np.concatenate([np.zeros(80), np.arange(1, 21), np.arange(100)])
    intervals = RatioIntervals.fit(chance, np.full(200, 2.0), spend)
    assert intervals is not None
    assert intervals.zeros.tolist() == [0.8, 0.01]
    # seldom: four of five buy nothing; often: 0..99, half of the way, at twice the forecast
    assert intervals.quantile(np.array([0.1, 0.9]), np.array([2.0, 4.0]), 0.5).tolist() == pytest.approx([0.0, 99.0])
    assert RatioIntervals.from_dict(intervals.to_dict()).quantile(chance, spend, 0.9).tolist() == pytest.approx(
        intervals.quantile(chance, spend, 0.9).tolist()
    )


def test_positions_of_known_outcomes_are_uniform() -> None:
    random = np.random.default_rng(2)
    chance, forecast = random.uniform(size=5000), random.gamma(2, 5, 5000)
    spend = np.where(random.uniform(size=5000) < chance, forecast * random.gamma(2, 1, 5000), 0.0)
    intervals = RatioIntervals.fit(chance, forecast, spend)
    assert intervals is not None
    position = intervals.position(chance, forecast, spend, random.uniform(size=5000))
    # 500 a tenth, give or take 21
    assert (abs(np.histogram(position, 10, (0, 1))[0] - 500) < 4 * 21).all()


def test_too_few_outcomes_give_no_intervals() -> None:
    assert RatioIntervals.fit(np.full(99, 0.5), np.ones(99), np.ones(99)) is None


def test_interval_score_by_hand() -> None:
    spend, lower, upper = np.array([5.0, 0.0, 12.0]), np.array([0.0, 1.0, 0.0]), np.array([10.0, 3.0, 10.0])
    # width 10; width 2 and 1 below; width 10 and 2 above, each distance ten times
    assert interval_score(spend, lower, upper, 0.8).tolist() == pytest.approx([10.0, 12.0, 30.0])
