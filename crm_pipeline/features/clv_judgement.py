"""What is expected of customers by simple models, and whether the blend of models has earned to be published."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.grades import GateCode

BLEND, BTYD, NAIVE = "blend", "btyd", "naive"
CANDIDATES = (BLEND, BTYD, NAIVE)


@dataclass(frozen=True)
class Judgement:
    """Whether the blend is published, as a code and in words, and the figures of each candidate."""

    code: GateCode
    why: str
    metrics: Mapping[str, Mapping[str, float]]

    @property
    def publishes_model(self) -> bool:
        """The blend stands until known outcomes fail to support it: half of it at least is fitted by likelihood."""
        return self.code != "does_not_beat_baseline"


def with_references(rows: pd.DataFrame, fit: FittedBtyd, horizon_days: int) -> pd.DataFrame:
    """The rows (with frequency, recency, T, monetary_value) and what simple models expect of each in the horizon.

    Adds naive and btyd, in the currency, and btyd_purchases, in order days; `fit` is the one of the rows' snapshot.
    """
    from crm_pipeline.models.btyd import naive_clv

    expected = fit.predict(rows)
    return rows.assign(
        naive=naive_clv(rows, horizon_days),
        btyd=expected["expected_spend"],
        btyd_purchases=expected["expected_purchases"],
    )


def in_season(rows: pd.DataFrame, factor: float | pd.Series[float]) -> pd.DataFrame:
    """The rows with what simple models expect times a season's factor: one for all, or one per row."""
    names = ["naive", "btyd", "btyd_purchases"]
    return rows.assign(**{name: rows[name] * factor for name in names})


def known_outcomes(rows: pd.DataFrame, fits: Mapping[date, FittedBtyd], horizon_days: int) -> pd.DataFrame:
    """Rows with outcomes beside what the fit of each one's own snapshot expected.

    Args:
        rows: as of `clv_model.build`.
        fits: the fitted model of each snapshot; outcomes of snapshots without one of this horizon are left out.
        horizon_days: of outcomes and predictions.

    Returns:
        As `with_references`, with spend for `outcome_amount`, and purchases for `purchase_count`.
    """
    import pandas as pd

    known = rows[rows["outcome_amount"].notna()]
    days = pd.to_datetime(known["snapshot_date"]).dt.date
    parts = [
        with_references(known[days == day], fits[day], horizon_days)
        for day in sorted(set(days) & fits.keys())
        if fits[day].horizon_days == horizon_days
    ]
    found = pd.concat(parts) if parts else with_references(known.iloc[:0], next(iter(fits.values())), horizon_days)
    return found.rename(columns={"outcome_amount": "spend", "purchase_count": "purchases"}).astype(
        {"spend": "float64", "purchases": "float64"}
    )


def log_ratios(known: pd.DataFrame, expected: str, actual: str) -> dict[date, float]:
    """Per judged snapshot the log of actual over expected total of these columns, less its noise."""
    import pandas as pd

    from crm_pipeline.models.btyd import calibrate_total

    return {
        pd.Timestamp(str(day)).date(): math.log(calibrate_total(part[expected], part[actual]))
        for day, part in known.groupby("snapshot_date")
    }


def judge(held: pd.DataFrame) -> Judgement:
    """Compare the blend with the rule on active customers, by normalised Gini with a paired bootstrap.

    By ranking, because the errors of a mean hang on a few customers of a heavy tail, and the totals agree by
    construction. held: outcomes `spend` that neither btyd nor the trees and weights of the blend were fitted on; how
    far the season is believed rests on them too, and changes blend and rule alike.
    """
    from crm_pipeline.models.bootstrap import paired_bootstrap
    from crm_pipeline.models.grades import passes_gate
    from crm_pipeline.models.metrics import AMOUNT_METRICS, normalized_gini

    judged = held[held["is_active"].astype(bool)] if len(held) else held
    if judged.empty:
        return Judgement("not_enough_data", f"{BLEND} is published: no outcomes are known yet to judge it by.", {})
    figures = {
        name: {metric: measure(judged["spend"], judged[name]) for metric, measure in AMOUNT_METRICS.items()}
        | {"row_count": float(len(judged)), "snapshot_count": float(judged["snapshot_date"].nunique())}
        for name in CANDIDATES
    }
    scores = {name: judged[name] for name in (BLEND, NAIVE)}
    metric = {normalized_gini.name: normalized_gini}
    compared = paired_bootstrap(judged["spend"], scores, metric, judged["customer_id"], NAIVE)
    row = compared[compared["model"] == BLEND]
    improvement, lower = (row[name].astype("float64").tolist()[0] for name in ("improvement", "improvement_lower"))
    figures[BLEND] |= {"gini_improvement": improvement, "gini_improvement_lower": lower}
    gate = passes_gate(
        normalized_gini,
        model=BLEND,
        baseline=NAIVE,
        improvement=improvement,
        improvement_lower=lower,
        row_count=len(judged),
    )
    why = gate.why
    if gate.code == "not_enough_data":
        why = f"{BLEND} is published: {len(judged)} known outcomes are too few to judge it by."
    # JSON has no NaN: what is undefined is left out
    metrics = {name: {k: v for k, v in found.items() if math.isfinite(v)} for name, found in figures.items()}
    return Judgement(gate.code, why, metrics)
