"""What earlier fits of customer value predicted, beside what is known by now to have happened."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.features.calibrated_btyd import CalibratedBtyd, persistent_factor

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.grades import GateCode

BTYD, NAIVE = "btyd", "naive"


@dataclass(frozen=True)
class Judgement:
    """Whether the model is published, as a code and in words, and the figures of each candidate."""

    code: GateCode
    why: str
    metrics: Mapping[str, Mapping[str, float]]

    @property
    def publishes_model(self) -> bool:
        """The model stands until known outcomes fail to support it: it is fitted by likelihood, not to outcomes."""
        return self.code != "does_not_beat_baseline"


def predictions(outcomes: pd.DataFrame, fits: Mapping[date, FittedBtyd], horizon_days: int) -> pd.DataFrame:
    """Outcomes beside predictions, snapshot by snapshot.

    Args:
        outcomes: as the rows of `clv_model.build`.
        fits: the fitted model of each snapshot; outcomes of snapshots without one of this horizon are left out.
        horizon_days: of outcomes and predictions.

    Returns:
        snapshot_date (a date), customer_id, is_active; purchases and spend as they were; raw_purchases and raw_spend
        as the fit alone predicted them; btyd and naive: the spend that the calibrated model and the rule expected.
    """
    import pandas as pd

    from crm_pipeline.models.btyd import naive_clv

    parts: list[pd.DataFrame] = []
    days = pd.to_datetime(outcomes["snapshot_date"]).dt.date
    for day in sorted(set(days) & fits.keys()):
        if fits[day].horizon_days != horizon_days:
            continue
        rows = outcomes[days == day]
        raw = fits[day].predict(rows)
        part = pd.DataFrame(
            {
                "snapshot_date": day,
                "customer_id": rows["customer_id"],
                "is_active": rows["is_active"].astype(bool),
                "purchases": rows["purchase_count"].astype("float64"),
                "spend": rows["spend_amount"].astype("float64"),
                "raw_purchases": raw["expected_purchases"],
                "raw_spend": raw["expected_spend"],
                NAIVE: naive_clv(rows, horizon_days),
            }
        )
        known = [earlier for earlier in parts if (day - earlier["snapshot_date"].iloc[0]).days >= horizon_days]
        factor = persistent_factor(log_ratios(pd.concat(known), "spend"), horizon_days) if known else 1.0
        parts.append(part.assign(**{BTYD: CalibratedBtyd(fits[day], 1.0, factor).predict(rows)["expected_spend"]}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def log_ratios(predicted: pd.DataFrame, what: str) -> dict[date, float]:
    """Per judged snapshot the log of actual over raw predicted total of `what` (purchases or spend), less its noise."""
    from crm_pipeline.models.btyd import calibrate_total

    if predicted.empty:
        return {}
    return {
        day: math.log(calibrate_total(part[f"raw_{what}"], part[what]))
        for day in sorted(set(predicted["snapshot_date"]))
        for part in [predicted[predicted["snapshot_date"] == day]]
    }


def judge(predicted: pd.DataFrame) -> Judgement:
    """Compare the model with the rule on active customers, by root mean squared error with a paired bootstrap."""
    from crm_pipeline.models.bootstrap import paired_bootstrap
    from crm_pipeline.models.grades import passes_gate
    from crm_pipeline.models.metrics import AMOUNT_METRICS, rmse

    judged = predicted[predicted["is_active"]] if len(predicted) else predicted
    if judged.empty:
        return Judgement("not_enough_data", f"{BTYD} is published: no outcomes are known yet to judge it by.", {})
    figures = {
        name: {metric: measure(judged["spend"], judged[name]) for metric, measure in AMOUNT_METRICS.items()}
        | {"row_count": float(len(judged)), "snapshot_count": float(judged["snapshot_date"].nunique())}
        for name in (BTYD, NAIVE)
    }
    compared = paired_bootstrap(
        judged["spend"], {n: judged[n] for n in (BTYD, NAIVE)}, {rmse.name: rmse}, judged["customer_id"], NAIVE
    )
    row = compared[compared["model"] == BTYD]
    improvement, lower = (row[name].astype("float64").tolist()[0] for name in ("improvement", "improvement_lower"))
    figures[BTYD] |= {"rmse_improvement": improvement, "rmse_improvement_lower": lower}
    gate = passes_gate(
        rmse, model=BTYD, baseline=NAIVE, improvement=improvement, improvement_lower=lower, row_count=len(judged)
    )
    why = gate.why
    if gate.code == "not_enough_data":
        why = f"{BTYD} is published: {len(judged)} known outcomes are too few to judge it by."
    # JSON has no NaN: what is undefined is left out
    metrics = {name: {k: v for k, v in found.items() if math.isfinite(v)} for name, found in figures.items()}
    return Judgement(gate.code, why, metrics)
