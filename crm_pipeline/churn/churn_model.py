"""The churn models fitted at each snapshot on the outcomes known by then, and which of them is published.

Candidates, their settings and the champion come from `fit_churn`. What does not beat the recency rule on held-out
outcomes is not published: the rule is, as a fallback. Without enough outcomes the fallback is a prior.
"""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.model_choices import tuned_at
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.classifiers_fitted import FittedChurn

FOLLOWS_TUNING = True

TABLE = Table(
    name="churn_model",
    description="One row per snapshot and candidate. The champion's artifact holds all candidates.",
    grain=("snapshot_date", "candidate"),
    kind="append_only",
    columns=(
        *columns.MODEL_REGISTRY,
        Column("is_fallback", "boolean", "Whether a rule or a prior is published because no model proved better."),
        Column("data_hash", "varchar", "Digest of the known outcomes and features that were fitted on."),
        Column("features", "varchar", "Names of the features, as JSON."),
        Column(
            "left_out_count", "integer", "Features left out because alone they tell the outcome; `settings` names them."
        ),
        Column("training_row_count", "bigint", "Known outcomes (customer and snapshot) that were fitted on."),
        Column(
            "log_loss", "double", "Mean log loss on held-out outcomes; null for a prior, which had none.", nullable=True
        ),
        Column("baseline_log_loss", "double", "The same of the recency rule on the same rows.", nullable=True),
    ),
    rules=(
        "is_champion = (artifact is not null)",
        "not is_champion or is_fallback or candidate <> 'recency_rule'",
        "not is_champion or is_fallback or log_loss < baseline_log_loss",
        "(log_loss is null) = (baseline_log_loss is null)",
        "training_row_count >= 0",
    ),
    expectations=(
        Expectation("row_count", minimum=1, severity="critical", why="without a model nobody is scored"),
        Expectation("maximum", "is_champion", minimum=1, severity="critical", why="one candidate must be published"),
        Expectation("maximum", "left_out_count", maximum=0, why="a feature that tells the outcome knows the future"),
        Expectation("maximum", "is_fallback", maximum=0, why="a rule is published: few outcomes, or no model beat it"),
    ),
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Fit on the known outcomes (any number, also none); one row per candidate.

    Args:
        rows: features and is_churned; those of the snapshot's own customers, whose outcome is null, settle the level.
    """
    from crm_pipeline.models.classifiers import fit_churn
    from crm_pipeline.models.classifiers_btyd import with_btyd

    rows = with_btyd(rows)
    is_known = rows["is_churned"].notna()
    known = rows[is_known].astype({"is_churned": "bool"})
    tuned = tuned_at(project.tuned_settings, snapshot_date)
    settings = tuned.models if tuned else {}
    model = fit_churn(known, project.churn.horizon_days, current=rows[~is_known], tuned=settings)
    return registry_rows(model, snapshot_date)


def registry_rows(model: FittedChurn, snapshot_date: date) -> pd.DataFrame:
    """A fitted model as rows of the table; `model_version` is a digest of the snapshot date and the parameters."""
    import pandas as pd

    from crm_pipeline.models.classifiers_fitted import FORMAT
    from crm_pipeline.models.classifiers_held_out import BASELINE

    artifact = model.to_json()
    version = sha256(f"{snapshot_date}\0{artifact}".encode()).hexdigest()[:16]
    baseline = model.metrics.get(BASELINE, {})
    rows = [
        {
            "model_version": version,
            "snapshot_date": snapshot_date,
            "candidate": name,
            "settings": json.dumps({**model.settings, "weights": model.stacks[name].weights}, sort_keys=True),
            "metrics": json.dumps(model.metrics.get(name, {}), sort_keys=True),
            "is_champion": name == model.champion,
            "why": _why(model, name),
            "format": FORMAT,
            "artifact": artifact if name == model.champion else None,
            "is_fallback": model.is_prior or model.champion == BASELINE,
            "data_hash": model.settings["data_hash"],
            "features": json.dumps(model.features),
            "left_out_count": len(model.settings.get("left_out", {})),
            "training_row_count": int(model.settings["training_rows"]),
            "log_loss": model.metrics.get(name, {}).get("log_loss"),
            "baseline_log_loss": baseline.get("log_loss"),
        }
        for name in model.candidates
    ]
    return pd.DataFrame(rows).astype({"log_loss": "float64", "baseline_log_loss": "float64"})


def _why(model: FittedChurn, candidate: str) -> str:
    """The choice in words, from the candidate's side."""
    if candidate == model.champion:
        return model.why
    if not model.metrics:
        return "Not published: no outcomes to judge it by."
    own, champion = (model.metrics[name]["log_loss"] for name in (candidate, model.champion))
    return (
        f"Not published: {model.champion} is. Log loss on held-out outcomes: {own:.4f}, of {model.champion} "
        f"{champion:.4f}."
    )
