"""The models of customer value: the blend, BTYD and the rule; how they did on known outcomes, and which is published.

The blend (`crm_pipeline.models.value`) learns from the outcomes known at D. It is the champion unless outcomes that its
parts were not fitted on fail to show that it ranks active customers better than the naive rule. Where only BTYD alone
is shown to, the blend is that.
"""

from __future__ import annotations

import json
import math
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.features.calibrated_btyd import FORMAT, CalibratedBtyd, persistent_factor
from crm_pipeline.features.clv_judgement import (
    BLEND,
    BTYD,
    CANDIDATES,
    NAIVE,
    in_season,
    judge,
    known_outcomes,
    log_ratios,
    with_references,
)
from crm_pipeline.features.purchase_choice import choose, fits_by_family
from crm_pipeline.features.season_factor import Season
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.features.clv_judgement import Judgement
    from crm_pipeline.models.btyd import FittedBtyd

MODELS = (
    "crm_pipeline.models.btyd",
    "crm_pipeline.models.btyd_history",
    "crm_pipeline.models.btyd_pareto",
    "crm_pipeline.models.btyd_purchases",
    "crm_pipeline.models.btyd_spend",
    "crm_pipeline.models.bootstrap",
    "crm_pipeline.models.classifiers_boosting",
    "crm_pipeline.models.classifiers_data",
    "crm_pipeline.models.grades",
    "crm_pipeline.models.metrics.regression",
    "crm_pipeline.models.metrics.samples",
    "crm_pipeline.models.value",
    "crm_pipeline.models.value_blend",
    "crm_pipeline.models.value_boosting",
    "crm_pipeline.models.value_intervals",
)

TABLE = Table(
    name="clv_model",
    description="One row per snapshot and candidate of customer value: the blend, BTYD and the rule.",
    grain=("snapshot_date", "candidate"),
    columns=(
        *columns.MODEL_REGISTRY,
        Column(
            "why_code",
            "varchar",
            "Of the blend: `beats_baseline`, `not_enough_data` to judge it by, or `does_not_beat_baseline`.",
        ),
    ),
    rules=(
        f"candidate in ('{BLEND}', '{BTYD}', '{NAIVE}')",
        f"(artifact is null) = (candidate = '{NAIVE}')",
        f"is_champion = (candidate = case when why_code = 'does_not_beat_baseline' then '{NAIVE}' else '{BLEND}' end)",
        "why_code in ('beats_baseline', 'not_enough_data', 'does_not_beat_baseline')",
        "length(model_version) = 16",
    ),
    expectations=(
        Expectation("maximum", "is_champion", minimum=1, severity="critical", why="one candidate must be published"),
    ),
    kind="append_only",
)


def build(
    rows: pd.DataFrame, clv_fit: pd.DataFrame, clv_season: pd.DataFrame, project: Project, snapshot_date: date
) -> pd.DataFrame:
    """Fit, calibrate and judge.

    Args:
        rows: features and history (frequency, recency, T, monetary_value) per snapshot_date and customer_id, with
            purchase_count and outcome_amount: outcomes known at D; null for the snapshot's own customers, who settle
            the level.
        clv_fit: the fits of D and of earlier snapshots, by family.
        clv_season: what last year's same season says at D, and said at earlier snapshots.
        project: gives the horizon.
        snapshot_date: D.

    Returns:
        One row per candidate; none without a fit for D (no customers).
    """
    import pandas as pd

    from crm_pipeline.models.value import FORMAT as BLEND_FORMAT
    from crm_pipeline.models.value import btyd_alone, fit_value

    families = fits_by_family(clv_fit.sort_values(["snapshot_date", "preference"], ascending=[False, True]))
    if not any(snapshot_date in days for days in families.values()):
        return pd.DataFrame(columns=list(TABLE.column_names))
    horizon, is_current = project.clv.horizon_days, rows["outcome_amount"].isna()
    choice = choose(rows[~is_current], families, snapshot_date, horizon)
    # a snapshot on which that family could not be fitted is told by the one that could
    fits = {day: fitted for days in reversed(families.values()) for day, fitted in days.items()}
    fits |= families[choice.family]
    fitted = fits[snapshot_date]
    known = known_outcomes(rows, fits, horizon)
    current = with_references(rows[is_current].drop(columns=["outcome_amount", "purchase_count"]), fitted, horizon)
    calibrated, factors, note = _levels(known, fitted, Season.of(clv_season, snapshot_date, horizon), snapshot_date)
    seasonal = in_season(known.drop(columns="purchases"), factors)
    blend, held = fit_value(seasonal, in_season(current, calibrated.season_factor), horizon)
    judged = judge(held)
    if not judged.publishes_model:  # what trees add may be too much for few outcomes
        simpler = btyd_alone(blend, held)
        simpler_judged = judge(simpler[1])
        if simpler_judged.publishes_model:
            blend, judged = simpler[0], simpler_judged
    settings: dict[str, Any] = {"family": choice.family, "why_family": choice.why, "horizon_days": horizon}
    settings["season_factor"] = calibrated.season_factor
    blended = {"weights": blend.weights, "levels": blend.levels, "training_rows": len(known)}
    notes = [*fitted.notes, note]
    candidates: dict[str, tuple[dict[str, Any], str, str | None]] = {
        BLEND: ({**settings, **blended, "notes": notes}, BLEND_FORMAT, blend.to_json()),
        BTYD: ({**settings, "notes": list(fitted.notes)}, FORMAT, calibrated.to_json()),
        NAIVE: ({"horizon_days": horizon}, "rule", None),
    }
    records = [_record(snapshot_date, candidate, *candidates[candidate], judged) for candidate in CANDIDATES]
    return pd.DataFrame(records, columns=list(TABLE.column_names))


def _levels(
    known: pd.DataFrame, fitted: FittedBtyd, season: Season, snapshot_date: date
) -> tuple[CalibratedBtyd, pd.Series[float], str]:
    """The fit with its levels, the season's factor of each known row, and in words whether the season is used.

    Errors of purchases that persist are those that the season does not explain.
    """
    import pandas as pd

    bought = log_ratios(known, "btyd_purchases", "purchases")
    of_spend, of_purchases = season.weight(log_ratios(known, "btyd", "spend")), season.weight(bought)
    unexplained = {day: ratio - math.log(season.factor(day, of_purchases)) for day, ratio in bought.items()}
    persistent = persistent_factor(unexplained, fitted.horizon_days)
    days = pd.to_datetime(known["snapshot_date"]).dt.date
    factors = {day: season.factor(day, of_spend) for day in sorted(set(days))}
    in_horizon = (season.factor(snapshot_date, weight) for weight in (of_spend, of_purchases))
    calibrated = CalibratedBtyd(fitted, persistent, *in_horizon)
    return calibrated, days.map(factors).astype("float64"), season.note(snapshot_date, of_spend)


def _record(
    snapshot_date: date, candidate: str, settings: dict[str, Any], kind: str, artifact: str | None, judged: Judgement
) -> dict[str, Any]:
    identity = json.dumps([snapshot_date.isoformat(), candidate, artifact, settings], sort_keys=True)
    return {
        "model_version": sha256(identity.encode()).hexdigest()[:16],
        "snapshot_date": snapshot_date,
        "candidate": candidate,
        "settings": json.dumps(settings, sort_keys=True),
        "metrics": json.dumps(judged.metrics.get(candidate, {}), sort_keys=True),
        "is_champion": candidate == (BLEND if judged.publishes_model else NAIVE),
        "why": judged.why,
        "format": kind,
        "artifact": artifact,
        "why_code": judged.code,
    }
