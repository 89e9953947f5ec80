"""BTYD is proved three ways: published numbers, recovery of seeded parameters, laws that hold for any customer."""

import math
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value
from scipy.integrate import quad
from scipy.special import beta

from crm_pipeline.models import btyd_fitting
from crm_pipeline.models.btyd import FittedBtyd, calibrate_total, fit_btyd, naive_clv
from crm_pipeline.models.btyd_fitting import Dropout
from crm_pipeline.models.btyd_pareto import ParetoModel
from crm_pipeline.models.btyd_purchases import PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel, spend_quantiles

BG_NBD = PurchaseModel("bg_nbd", r=0.243, alpha=30.9, a=0.793, b=2.426)
MODELS = (
    BG_NBD,
    PurchaseModel("bg_nbd", r=2.0, alpha=20.0, a=1.0, b=8.0),  # a = 1 is a pole of the published formula
    PurchaseModel("bg_nbd", r=3.0, alpha=1.0, a=20.0, b=80.0),
    PurchaseModel("mbg_nbd", r=0.52, alpha=43.3, a=0.89, b=1.61),
    PurchaseModel("gamma_poisson", r=0.6, alpha=20.0, a=0.0, b=1.0),
    ParetoModel(r=0.553, alpha=74.0, s=0.606, beta=81.7),
    ParetoModel(r=2.0, alpha=20.0, s=1.0, beta=500.0),  # s = 1 is a pole of the published formula
    ParetoModel(r=0.6, alpha=5.0, s=3.0, beta=10.0),
    ParetoModel(r=1.4, alpha=9.5, s=7000.0, beta=6e7),  # lifetimes that hardly differ
)


def customers(text: str) -> pd.DataFrame:
    """One customer per line: frequency, recency, T, monetary_value."""
    rows = [[float(cell) for cell in line.split()] for line in text.strip().splitlines()]
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T", "monetary_value"])
    return frame.astype({"frequency": int, "recency": int, "T": int})


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """The CDNOW sample (2,357 customers, 39 weeks); the source counts in weeks."""
    data = load_cdnow_summary_data_with_monetary_value()
    days = {name: (data[name] * 7).round().astype(int) for name in ("recency", "T")}
    return pd.DataFrame({"frequency": data["frequency"], **days, "monetary_value": data["monetary_value"]})


@pytest.fixture(scope="module")
def fitted(cdnow: pd.DataFrame) -> FittedBtyd:
    return fit_btyd(cdnow, horizon_days=273, purchases="bg_nbd")


def test_bg_nbd_gives_the_published_parameters(fitted: FittedBtyd) -> None:
    """Fader, Hardie and Lee (2005): r .243, alpha 4.414 (weeks), a .793, b 2.426."""
    found = fitted.purchases
    assert found.family == "bg_nbd"
    assert [found.r, found.alpha / 7, found.a, found.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=1e-3)


def test_gamma_gamma_gives_the_published_parameters(fitted: FittedBtyd) -> None:
    """Fader and Hardie (2013): p 6.25, q 3.74, gamma 15.44."""
    assert [fitted.spend.p, fitted.spend.q, fitted.spend.v] == pytest.approx([6.25, 3.74, 15.44], abs=0.02)


def test_bg_nbd_predicts_the_published_customer() -> None:
    """Hardie's spreadsheet of the paper: x = 2, t_x = 30.43, T = 38.86 weeks: 1.226 purchases in 39 weeks."""
    weeks = PurchaseModel("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
    assert weeks.expected_purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]), 39.0) == pytest.approx(
        [1.226], abs=1e-3
    )


@pytest.mark.parametrize(("model", "fitter"), [(MODELS[0], BetaGeoFitter()), (MODELS[3], ModifiedBetaGeoFitter())])
def test_expectations_are_those_of_lifetimes(model: PurchaseModel, fitter: BetaGeoFitter) -> None:
    fitter.params_ = pd.Series({"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b})
    x, t_x, T = (np.array(column, dtype=float) for column in ([0, 1, 4, 30], [0, 40, 90, 200], [70, 90, 100, 201]))
    assert model.probability_alive(x, t_x, T) == pytest.approx(fitter.conditional_probability_alive(x, t_x, T))
    assert model.expected_purchases(x, t_x, T, 50) == pytest.approx(
        fitter.conditional_expected_number_of_purchases_up_to_time(50, x, t_x, T)
    )


@pytest.mark.parametrize("model", MODELS)
def test_expected_purchases_are_the_sum_of_the_probabilities(model: PurchaseModel | ParetoModel) -> None:
    """E[N] = sum over n of P(N >= n), two separate formulas; also where 2F1 has a pole or loses its digits."""
    x, t_x, T = (np.array(column, dtype=float) for column in ([0, 1, 9, 200], [0, 30, 80, 298], [15, 90, 81, 300]))
    alive = model.probability_alive(x, t_x, T)
    total = sum(model.purchases_reach(np.full(4, n), alive, x, T, 60.0) for n in np.arange(1.0, 1500.0))
    assert model.expected_purchases(x, t_x, T, 60.0) == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_heavy_buyers_are_finite(model: PurchaseModel | ParetoModel) -> None:
    x, t_x, T = np.array([2000.0, 2000.0]), np.array([299.0, 10.0]), np.array([300.0, 300.0])
    expected = model.expected_purchases(x, t_x, T, 365.0)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    assert expected[0] <= (model.r + 2000) / (model.alpha + 300) * 365


def simulate(seed: int, count: int) -> pd.DataFrame:
    """Customers of a BG/NBD shop with r .8, alpha 25, a 1.2, b 4 and gamma-gamma spend p 4, q 5, v 60, day by day."""
    rng = np.random.default_rng(seed)
    rows = []
    rates, drops = rng.gamma(0.8, 1 / 25, count), rng.beta(1.2, 4, count)
    for rate, drop, T in zip(rates, drops, rng.integers(200, 500, count), strict=True):
        times = np.cumsum(rng.exponential(1 / rate, min(rng.geometric(drop), 3000)))
        times = times[times < T]
        nu = rng.gamma(5, 1 / 60)
        value = rng.gamma(4 * max(len(times), 1), 1 / nu) / max(len(times), 1)
        rows.append((len(times), np.ceil(times[-1]) if len(times) else 0, T, value if len(times) else 0.0))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T", "monetary_value"])


def test_recovers_the_parameters_of_a_simulated_shop() -> None:
    model = fit_btyd(simulate(seed=3, count=8000), horizon_days=90, purchases="bg_nbd")
    purchases, spend = model.purchases, model.spend
    assert [purchases.r, purchases.alpha] == pytest.approx([0.8, 25], rel=0.1)
    assert purchases.a / (purchases.a + purchases.b) == pytest.approx(1.2 / 5.2, rel=0.1)
    assert [spend.p, spend.q, spend.mean] == pytest.approx([4, 5, 60], rel=0.15)
    assert model.notes == ()


def test_the_interval_holds_four_in_five_outcomes() -> None:
    """Spend simulated from the posterior of two histories falls below the bounds in 10 % and 90 % of the draws."""
    rng, draws, days = np.random.default_rng(5), 100_000, 200
    purchases, spend = PurchaseModel("bg_nbd", 1.5, 30.0, 0.2, 6.0), SpendModel(3.0, 4.0, 50.0)
    for x, t_x, T, m in ((12, 190, 200, 20.0), (40, 199, 200, 80.0)):
        history = (np.array([float(x)]), np.array([float(t_x)]), np.array([float(T)]))
        count = rng.poisson(rng.gamma(1.5 + x, 1 / (30 + T), draws) * days)
        count = np.minimum(count, rng.geometric(rng.beta(0.2, 6 + x, draws)))
        count *= rng.random(draws) < purchases.probability_alive(*history)
        nu = rng.gamma(4 + 3 * x, 1 / (50 + x * m), draws)
        outcome = np.where(count > 0, rng.gamma(np.maximum(3.0 * count, 1)) / nu, 0.0)
        bounds = spend_quantiles(purchases, spend, *history, days, (0.1, 0.9), seed=0)[0]
        lower, upper = bounds * spend.scale(history[0], np.array([m]))
        assert [(outcome <= lower).mean(), (outcome <= upper).mean()] == pytest.approx([0.1, 0.9], abs=0.02)
        value = purchases.expected_purchases(*history, days) * spend.expected_order_value(history[0], np.array([m]))
        assert value == pytest.approx(outcome.mean(), rel=0.02)


def test_grouped_customers_weigh_as_often_as_they_occur(cdnow: pd.DataFrame, fitted: FittedBtyd) -> None:
    """Fitted customer by customer, without weights, the library ends at the same parameters."""
    days = cdnow[["frequency", "recency", "T"]].astype(float)
    single = BetaGeoFitter().fit(days["frequency"], days["recency"], days["T"]).params_
    grouped = [fitted.purchases.r, fitted.purchases.alpha, fitted.purchases.a, fitted.purchases.b]
    assert grouped == pytest.approx(single[["r", "alpha", "a", "b"]].tolist(), rel=1e-3)


def test_order_of_rows_and_company_do_not_matter(cdnow: pd.DataFrame, fitted: FittedBtyd) -> None:
    shuffled = cdnow.sample(frac=1, random_state=1)
    again = fit_btyd(shuffled, horizon_days=273, purchases="bg_nbd")
    assert again == fitted
    pd.testing.assert_frame_equal(again.clv(shuffled).loc[cdnow.index], fitted.clv(cdnow), check_exact=True)
    pd.testing.assert_frame_equal(fitted.clv(cdnow.head(50)), fitted.clv(cdnow).head(50), check_exact=True)


def test_json_keeps_every_prediction(cdnow: pd.DataFrame, fitted: FittedBtyd) -> None:
    restored = FittedBtyd.from_json(fitted.to_json())
    assert restored == fitted
    pd.testing.assert_frame_equal(restored.predict(cdnow), fitted.predict(cdnow), check_exact=True)
    pd.testing.assert_frame_equal(restored.clv(cdnow), fitted.clv(cdnow), check_exact=True)


def test_from_json_refuses_other_texts() -> None:
    with pytest.raises(ValueError, match="not a stored BTYD model"):
        FittedBtyd.from_json('{"format": "something else"}')


def test_spend_shrinks_towards_the_mean() -> None:
    """p 6, q 4, v 15: the mean is 6 * 15 / 3 = 30; one order of 60 weighs 6 / (6 + 3) = 2/3: 30/3 + 60 * 2/3 = 50."""
    spend = SpendModel(p=6.0, q=4.0, v=15.0)
    values = spend.expected_order_value(np.array([0.0, 1.0, 1.0]), np.array([999.0, 60.0, -5.0]))
    assert values == pytest.approx([30.0, 50.0, 10.0])


@settings(max_examples=60)
@given(
    frequency=st.integers(0, 3000),
    silence=st.integers(0, 2000),
    span=st.integers(1, 2000),
    value=st.floats(-100, 1e6),
    model=st.sampled_from(MODELS),
    days=st.integers(1, 800),
)
def test_laws_of_any_customer(
    frequency: int, silence: int, span: int, value: float, model: PurchaseModel | ParetoModel, days: int
) -> None:
    recency = span if frequency else 0
    frame = customers(f"{frequency} {recency} {recency + silence} {value}")
    fitted = FittedBtyd(model, SpendModel(6.0, 4.0, 15.0), days, 0, 1, ())
    row, clv = fitted.predict(frame).iloc[0], fitted.clv(frame, discount_rate=0.1, margin=0.5).iloc[0]
    assert 0 <= row["probability_alive"] <= 1
    assert np.isfinite(row.to_numpy()).all()
    assert (row >= 0).all()
    assert 0 <= clv["clv_lower"] <= clv["clv"] <= clv["clv_upper"] < np.inf
    assert clv["clv"] <= 0.5 * row["expected_spend"] * (1 + 1e-9)
    assert clv["clv"] >= 0.5 * row["expected_spend"] * 1.1 ** (-days / 365) * (1 - 1e-9) - 1e-12


def test_discounts_from_the_middle_of_a_month(fitted: FittedBtyd) -> None:
    """30 days are one step: the whole is discounted by 15 days at 21 % a year; a margin of .5 halves it."""
    frame = customers("90 299 300 25")
    plain = fitted.clv(frame, horizon_days=30, discount_rate=0.0)
    value = fitted.clv(frame, horizon_days=30, discount_rate=0.21, margin=0.5)
    assert (value / plain).iloc[0].tolist() == pytest.approx([0.5 * 1.21 ** (-15 / 365)] * 3)


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (customers("3 40 100 20"), "1 of 1 customer bought again"),
        (customers("0 0 50 0\n0 0 9 0"), "no customer has any spend"),
        (customers("0 0 0 0\n0 0 0 0"), "0 of 2 customers bought again"),
        (customers("0 0 50 30\n0 0 9 10"), "no repeat spend"),
        (customers("3 100 150 5\n" * 40), "all equal repeat spends"),
    ],
    ids=["one customer", "nobody came back", "first day", "first orders known", "constant columns"],
)
def test_little_data_gives_sensible_numbers_and_says_why(frame: pd.DataFrame, note: str) -> None:
    fitted = fit_btyd(frame, horizon_days=30)
    assert any(note in text for text in fitted.notes)
    predicted = fitted.predict(frame).join(fitted.clv(frame))
    assert np.isfinite(predicted.to_numpy()).all()
    assert (predicted >= 0).all(axis=None)
    assert (predicted["expected_purchases"] <= 1.0).all()


def test_fallback_is_the_shrunk_past_rate() -> None:
    """2 repeats in 100 + 0 in 100 days: rate .01, r 1, alpha 100; (1 + 2) / (100 + 100) * 10 and (1 + 0) / 200 * 10."""
    frame = customers("2 60 100 10\n0 0 100 0")
    assert fit_btyd(frame, horizon_days=10).predict(frame)["expected_purchases"].tolist() == pytest.approx([0.15, 0.05])


def test_every_way_down_is_told(cdnow: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(family: str, penalizer: float, *data: object) -> tuple[None, str]:
        return None, "it did not converge"

    monkeypatch.setattr(btyd_fitting, "_fit_dropout", never)
    monkeypatch.setattr(btyd_fitting, "fit_pareto", lambda *data: (None, "neither did it"))
    fitted = fit_btyd(cdnow, horizon_days=30)
    assert fitted.purchases.family == "gamma_poisson"
    assert fitted.notes[:2] == (
        "pareto_nbd was not used: neither did it",
        "bg_nbd with penalizer 0 was not used: it did not converge",
    )
    assert "no drop-out model could be fitted" in fitted.notes[-1]


def test_steady_shop_where_nobody_leaves_is_fitted_without_a_penalizer() -> None:
    rng = np.random.default_rng(0)
    T = rng.integers(100, 300, 20_000)
    frequency = rng.poisson(rng.gamma(20, 1 / 200, 20_000) * T)
    recency = np.where(frequency > 0, np.maximum(1, np.floor(T * rng.beta(np.maximum(frequency, 1), 1))), 0)
    frame = pd.DataFrame({"frequency": frequency, "recency": recency, "T": T, "monetary_value": 5.0})
    wanted: tuple[Dropout, ...] = ("pareto_nbd", "bg_nbd")
    for family in wanted:
        fitted = fit_btyd(frame, 30, purchases=family)
        assert fitted.purchases.family == family
        assert not any("penalizer" in note for note in fitted.notes)
        assert fitted.purchases.r / fitted.purchases.alpha == pytest.approx(0.1, rel=0.02)


def test_says_when_spend_grows_with_frequency() -> None:
    frame = customers("\n".join(f"{n} {10 * n} 400 {20 * n + n % 3}" for n in range(1, 30)))
    assert any("frequency and spend per order day correlate" in note for note in fit_btyd(frame, 30).notes)


def test_naive_clv_is_past_rate_times_mean_spend() -> None:
    """Rates over at least one horizon of 30 days: 6 in 90 days, 1 in 3 days (taken as 30), none."""
    assert naive_clv(customers("6 80 90 10\n1 3 3 50\n0 0 9 0"), 30).tolist() == pytest.approx([20.0, 50.0, 0.0])


def test_calibrate_total_follows_the_evidence() -> None:
    many = calibrate_total([1.0] * 10_000, [2.0, 0.4] * 5_000)
    few = calibrate_total([1.0] * 4, [4.0, 0.4, 0.0, 0.4])
    assert many == pytest.approx(1.2, abs=0.001)
    assert 1.0 < few < 1.1
    assert calibrate_total([], []) == 1.0
    assert calibrate_total([0.0], [5.0]) == 1.0
    with pytest.raises(ValueError, match="predicted has 1 values, actual has 2"):
        calibrate_total([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (customers("1 5 4 10"), "recency must not exceed T"),
        (customers("0 5 9 10"), "frequency must be 0 exactly where recency is 0"),
        (customers("2 5 9 nan"), "monetary_value must be a number where frequency > 0"),
        (customers("2 5 9 1").drop(columns="T"), "column 'T' is missing"),
        (customers("2 5 9 1").assign(recency=4.5), "recency must be a whole number"),
        (customers("2 5 9 1").head(0), "no customers"),
    ],
)
def test_impossible_histories_are_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_btyd(frame, horizon_days=30)


@pytest.mark.parametrize("days", [0, -3, 2.5, float("nan")])
def test_horizon_is_whole_days(days: float) -> None:
    with pytest.raises(ValueError, match="horizon_days must be a whole number"):
        naive_clv(customers("2 5 9 1"), days)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize(
    ("frequency", "recency", "days_known"), [(306, 364, 365), (249, 342, 364), (250, 355, 365), (28, 354, 360)]
)
def test_heavy_buyers_agree_with_the_integral_over_the_likelihood(
    family: Literal["bg_nbd", "mbg_nbd"], frequency: int, recency: int, days_known: int
) -> None:
    """Daily buyers of a grocer, one of them silent for three weeks: that the model gives them up is no rounding."""
    r, alpha, a, b, days = 1.407, 9.657, 0.3693, 538.5, 30.0
    survivals = b + frequency + (family == "mbg_nbd")
    silence = ((alpha + days_known) / (alpha + recency)) ** (r + frequency)
    alive = 1 / (1 + beta(a + 1, survivals - 1) / beta(a, survivals) * silence)
    horizon = days / (alpha + days_known)

    def inner(log_p: float) -> float:  # p itself reaches over many orders of magnitude
        p = math.exp(log_p)
        return p ** (a - 1) * (1 - p) ** (survivals - 1) * -math.expm1(-(r + frequency) * math.log1p(p * horizon))

    pieces = [quad(inner, low, low + 5, epsabs=0, epsrel=1e-11)[0] for low in range(-120, 0, 5)]
    model = PurchaseModel(family, r, alpha, a, b)
    history = np.array([float(frequency)]), np.array([float(recency)]), np.array([float(days_known)])
    assert model.probability_alive(*history) == pytest.approx(alive, rel=1e-9)
    assert model.expected_purchases(*history, days) == pytest.approx(
        alive * math.fsum(pieces) / beta(a, survivals), rel=1e-7
    )
