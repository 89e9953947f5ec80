"""Customer lifetime value in the horizon: expected purchases and spend, with intervals and two simple references.

`formula_clv` is the textbook formula, average order value x orders x retention / (1 + discount rate)^n, read as: the
customer's mean amount per order (net of returns, not below 0) x orders in the horizon at the past rate (order_count x
horizon_days / max(T, horizon_days)) x retention (the share of customers gained before the last horizon_days who ordered
in them) x margin / (1 + discount_rate)^(horizon_days / 365).
`naive_spend` is the rule that the blend must beat: repeat order days per day (seen over at least one horizon) x
horizon_days x mean spend per repeat order day.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.features.calibrated_btyd import CalibratedBtyd
from crm_pipeline.features.clv_judgement import BLEND, BTYD, NAIVE, in_season, with_references
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.calibration import FloatArray
    from crm_pipeline.models.value import ValueModel

STREAMS = True
CURRENT_FRAMES = ("clv_model",)
MODELS = (
    "crm_pipeline.models.btyd",
    "crm_pipeline.models.btyd_history",
    "crm_pipeline.models.btyd_pareto",
    "crm_pipeline.models.btyd_purchases",
    "crm_pipeline.models.btyd_spend",
    "crm_pipeline.models.classifiers_data",
    "crm_pipeline.models.value",
    "crm_pipeline.models.value_blend",
    "crm_pipeline.models.value_boosting",
    "crm_pipeline.models.value_intervals",
)
NO_DROPOUT = "no_dropout_model"

TABLE = Table(
    name="customer_clv",
    description="One row per snapshot and customer who ordered before it: expected purchases, spend and value.",
    grain=("snapshot_date", "customer_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column(
            "probability_alive",
            "double",
            "Probability, by the purchase model, that the customer is not gone for good; 1 by BG/NBD without a repeat.",
        ),
        Column("purchase_probability", "double", "Probability of any order in the horizon, as the blend sees it."),
        Column("expected_purchases", "double", "Days with an order expected in the horizon."),
        Column(
            "expected_purchases_churn_horizon",
            "double",
            "Days with an order expected in the horizon of churn: exp(-this) is the chance of none.",
        ),
        Column(
            "expected_spend", "double", "Spend expected in the horizon, by the champion, in the project's currency."
        ),
        Column("clv", "double", "Expected spend x margin, discounted to the snapshot date, in the project's currency."),
        Column("clv_lower", "double", "Lower end of the 80 % predictive interval of that value."),
        Column("clv_upper", "double", "Upper end of it."),
        Column("blend_spend", "double", "Spend expected by the blend of models, published or not."),
        Column("btyd_spend", "double", "Spend expected by BTYD alone: purchases x mean spend, as fitted."),
        Column("naive_spend", "double", "Spend expected by the simple rule: past rate x mean spend."),
        Column("formula_clv", "double", "Value by the textbook formula: order value x orders x retention, discounted."),
        columns.HORIZON_DAYS,
        columns.MODEL_VERSION,
        Column(
            "is_fallback",
            "boolean",
            "Whether something simpler stands in: the rule for the blend, or a purchase model without drop-out.",
        ),
        Column(
            "why_code",
            "varchar",
            "`beats_baseline`; `not_enough_data`: nothing known to judge the blend by; `does_not_beat_baseline`: the "
            f"rule is published; `{NO_DROPOUT}`: too little data for a model in which customers leave.",
        ),
    ),
    rules=(
        "probability_alive between 0 and 1 and purchase_probability between 0 and 1",
        "expected_purchases >= 0 and expected_purchases_churn_horizon >= 0",
        "blend_spend >= 0 and btyd_spend >= 0 and naive_spend >= 0 and formula_clv >= 0",
        "clv_lower >= 0 and clv_lower <= clv and clv <= clv_upper",
        "expected_spend = case when why_code = 'does_not_beat_baseline' then naive_spend else blend_spend end",
        f"is_fallback = (why_code in ('does_not_beat_baseline', '{NO_DROPOUT}'))",
        "horizon_days >= 1",
        "isfinite(clv_upper) and isfinite(expected_spend) and isfinite(expected_purchases)",
    ),
    expectations=(
        Expectation("row_count", minimum=1, severity="critical", why="a snapshot without customers scores nobody"),
        Expectation("mean", "clv", minimum=0.0, severity="critical", why="nobody is worth less than nothing"),
        Expectation("maximum", "expected_spend", minimum=0.01, why="somebody should be expected to buy"),
        Expectation("mean", "is_fallback", maximum=0.5, why="a fallback is published instead of the model"),
    ),
)


def build(rows: pd.DataFrame, clv_model: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Score customers with the snapshot's models.

    Args:
        rows: every feature, frequency, recency, T, monetary_value, total_spend and retention_share per customer_id.
        clv_model: the snapshot's part of the registry.
        project: gives horizons, discount rate and margin.
        snapshot_date: D.

    Raises:
        ValueError: there are customers but no model of this snapshot.
    """
    import numpy as np
    import pandas as pd

    from crm_pipeline.models.value import CHANCE, ValueModel

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    own = clv_model[pd.to_datetime(clv_model["snapshot_date"]) == pd.Timestamp(snapshot_date)].set_index("candidate")
    if BTYD not in own.index:
        raise ValueError(f"clv_model holds no model of the snapshot {snapshot_date}, which has {len(rows)} customers")
    champion = own[own["is_champion"].astype(bool)].iloc[0]
    btyd = CalibratedBtyd.from_json(str(own.at[BTYD, "artifact"]))
    blend = ValueModel.from_json(str(own.at[BLEND, "artifact"]))
    settings, horizon = project.clv, project.clv.horizon_days
    referenced = with_references(rows, btyd.model, horizon)
    found, expected = blend.predict(in_season(referenced, btyd.season_factor)), btyd.predict(rows)
    churn_model = btyd.over(project.churn.horizon_days)
    is_rule = champion.name == NAIVE
    spend = (referenced[NAIVE] if is_rule else found[BLEND]).to_numpy()
    value_per_spend = settings.margin * btyd.model.discount_factors(rows, settings.discount_rate)
    lower, upper = _bounds(blend, btyd, found, referenced, value_per_spend)
    why_code = str(champion["why_code"])
    if not is_rule and not blend.boosted and not btyd.model.purchases.has_dropout:
        why_code = NO_DROPOUT
    columns_of = {
        "snapshot_date": snapshot_date,
        "customer_id": rows["customer_id"],
        "probability_alive": expected["probability_alive"],
        "purchase_probability": found[CHANCE],
        "expected_purchases": expected["expected_purchases"],
        "expected_purchases_churn_horizon": churn_model.predict(rows)["expected_purchases"],
        "expected_spend": spend,
        "clv": spend * value_per_spend,
        "clv_lower": np.minimum(lower, spend * value_per_spend),
        "clv_upper": np.maximum(upper, spend * value_per_spend),
        "blend_spend": found[BLEND],
        "btyd_spend": expected["expected_spend"],
        "naive_spend": referenced[NAIVE],
        "formula_clv": _formula(rows, project),
        "horizon_days": horizon,
        "model_version": champion["model_version"],
        "is_fallback": is_rule or why_code == NO_DROPOUT,
        "why_code": why_code,
    }
    return pd.DataFrame(columns_of)[list(TABLE.column_names)]


def _bounds(
    blend: ValueModel, btyd: CalibratedBtyd, found: pd.DataFrame, rows: pd.DataFrame, value_per_spend: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The 10 % and 90 % points of each customer's value: from known outcomes, before there are any from BTYD."""
    from crm_pipeline.models.btyd import INTERVAL
    from crm_pipeline.models.value import CHANCE

    if blend.intervals is None:
        spend = btyd.model.clv(rows, discount_rate=0.0)
        return spend["clv_lower"].to_numpy() * value_per_spend, spend["clv_upper"].to_numpy() * value_per_spend
    chance, forecast = found[CHANCE].to_numpy(), found[BLEND].to_numpy()
    lower, upper = (blend.intervals.quantile(chance, forecast, level) * value_per_spend for level in INTERVAL)
    return lower, upper


def _formula(rows: pd.DataFrame, project: Project) -> pd.Series[float]:
    """The textbook formula; see the module."""
    settings, horizon = project.clv, project.clv.horizon_days
    past_orders = rows["order_count"] * horizon / rows["T"].clip(lower=horizon)
    order_value = (rows["total_spend"] / rows["order_count"]).clip(lower=0)
    discounted_margin = settings.margin * (1 + settings.discount_rate) ** (-horizon / 365)
    value: pd.Series[float] = order_value * past_orders * rows["retention_share"] * discounted_margin
    return value
