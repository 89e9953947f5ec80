"""The model of customer value: the fit, the level that known outcomes gave it, and whether it is published.

What the fits of earlier snapshots predicted is compared with the outcomes known at D. That gives the level (see
`calibrated_btyd`) and the champion: the model, unless known outcomes fail to show that it beats the naive rule in root
mean squared error, the loss that a mean minimises, on active customers.
"""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.features.calibrated_btyd import FORMAT, CalibratedBtyd, persistent_factor
from crm_pipeline.features.clv_judgement import BTYD, NAIVE, judge, log_ratios, predictions
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.features.clv_judgement import Judgement

MODELS = (
    "crm_pipeline.models.btyd",
    "crm_pipeline.models.btyd_history",
    "crm_pipeline.models.btyd_purchases",
    "crm_pipeline.models.btyd_spend",
    "crm_pipeline.models.bootstrap",
    "crm_pipeline.models.grades",
    "crm_pipeline.models.metrics.regression",
    "crm_pipeline.models.metrics.samples",
)

TABLE = Table(
    name="clv_model",
    description="One row per snapshot and candidate: the model and the rule of customer value, and which is published.",
    grain=("snapshot_date", "candidate"),
    columns=(
        *columns.MODEL_REGISTRY,
        Column(
            "why_code",
            "varchar",
            "Of the model: `beats_baseline`, `not_enough_data` to judge it by, or `does_not_beat_baseline`.",
        ),
    ),
    rules=(
        f"candidate in ('{BTYD}', '{NAIVE}')",
        f"(artifact is null) = (candidate = '{NAIVE}')",
        f"is_champion = ((candidate = '{BTYD}') = (why_code <> 'does_not_beat_baseline'))",
        "why_code in ('beats_baseline', 'not_enough_data', 'does_not_beat_baseline')",
        "length(model_version) = 16",
    ),
    expectations=(
        Expectation(
            "mean", "is_champion", minimum=0.5, maximum=0.5, severity="critical", why="one of two is published"
        ),
    ),
    kind="append_only",
)


def build(rows: pd.DataFrame, clv_fit: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Calibrate and judge.

    Args:
        rows: outcomes known at D of at most 20,000 sampled customers and 12 snapshots: snapshot_date, customer_id,
            is_active, purchase_count, spend_amount, and the history at that snapshot (frequency, recency, T,
            monetary_value).
        clv_fit: the fits of D and of earlier snapshots.
        project: gives the horizon.
        snapshot_date: D.

    Returns:
        One row per candidate; none without a fit for D (no customers).
    """
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd

    days = pd.to_datetime(clv_fit["snapshot_date"]).dt.date
    fits = {day: FittedBtyd.from_json(text) for day, text in zip(days, clv_fit["artifact"], strict=True)}
    if snapshot_date not in fits:
        return pd.DataFrame(columns=list(TABLE.column_names))
    horizon = project.clv.horizon_days
    predicted = predictions(rows, fits, horizon)
    fitted = fits[snapshot_date]
    calibrated = CalibratedBtyd(
        fitted,
        persistent_factor(log_ratios(predicted, "purchases"), horizon),
        persistent_factor(log_ratios(predicted, "spend"), horizon),
    )
    settings = {"family": fitted.purchases.family, "horizon_days": horizon, "notes": list(fitted.notes)}
    candidates: dict[str, tuple[dict[str, Any], str, str | None]] = {
        BTYD: (settings, FORMAT, calibrated.to_json()),
        NAIVE: ({"horizon_days": horizon}, "rule", None),
    }
    judged = judge(predicted)
    records = [_record(snapshot_date, candidate, *described, judged) for candidate, described in candidates.items()]
    return pd.DataFrame(records, columns=list(TABLE.column_names))


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
        "is_champion": (candidate == BTYD) == judged.publishes_model,
        "why": judged.why,
        "format": kind,
        "artifact": artifact,
        "why_code": judged.code,
    }
