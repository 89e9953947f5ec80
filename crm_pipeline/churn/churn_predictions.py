"""Who is about to leave: the chance of no order in the horizon, why, and what is at stake.

`risk_band` has fixed limits, so that a band means the same at every snapshot: `high` from 0.5 (leaving is likelier than
staying), `medium` from 0.2, else `low`. Reasons are the parts that features have in the published log-odds. Exact parts
of trees cost minutes per million customers: beyond 100,000 customers only those active ones who are likeliest to
leave get exact reasons, the others those of the logistic candidate (`reason_method`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.model_choices import choice_at
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.calibration import BoolArray, FloatArray

STREAMS = True
CURRENT_FRAMES = ("churn_threshold",)
FOLLOWS_CHOICES = True
REASON_COUNT = 3
EXACT_REASON_ROWS = 100_000
"""Customers of a snapshot whose reasons are exact, shared among the batches in proportion to their rows."""
MEDIUM_RISK, HIGH_RISK = 0.2, 0.5
CANDIDATES = {
    "baseline_probability": "recency_rule",
    "btyd_probability": "btyd",
    "btyd_mixed_probability": "btyd_mixed",
    "tree_probability": "tree",
    "svm_probability": "svm",
    "forest_probability": "forest",
    "logistic_probability": "logistic",
    "boosting_probability": "boosting",
    "blend_probability": "blend",
}
"""Column and candidate of `churn_model`: kept, so that every candidate is judged on what it said at the time."""


def _reason_columns() -> Iterator[Column]:
    for i in range(1, REASON_COUNT + 1):
        yield Column(f"reason_{i}", "varchar", f"Reason {i} for the score, in the project's language.", nullable=True)
        yield Column(f"reason_{i}_code", "varchar", "The reason as feature and direction.", nullable=True)
        yield Column(f"reason_{i}_value", "double", "The feature's value; null where it is missing.", nullable=True)
        yield Column(f"reason_{i}_share", "double", "Its part of all features' absolute contributions, 0..1.")


TABLE = Table(
    name="churn_predictions",
    description="One row per snapshot and customer who ordered before it: the churn score beside the simple rules.",
    grain=("snapshot_date", "customer_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("churn_probability", "double", "Published probability of no order in the horizon."),
        columns.IS_ACTIVE.described("Whether the customer can still leave (see `customer_features`)."),
        Column(
            "risk_band", "varchar", f"`high` from a probability of {HIGH_RISK}, `medium` from {MEDIUM_RISK}, or `low`."
        ),
        Column(
            "recommended_cutoff",
            "double",
            "The probability from which contacting active customers pays (see `churn_threshold`); null if none is.",
            nullable=True,
        ),
        Column(
            "value_at_risk",
            "double",
            "Probability of churn x `customer_clv.clv`, in the project's currency; null where no value is known.",
            nullable=True,
        ),
        *_reason_columns(),
        Column(
            "reason_method", "varchar", "`exact`: parts of the published score; `linear`: of the logistic candidate."
        ),
        Column("baseline_probability", "double", "The same probability by the recency rule, the baseline."),
        *(
            Column(name, "double", f"The same by the candidate {candidate}; null where not fitted.", nullable=True)
            for name, candidate in CANDIDATES.items()
            if name != "baseline_probability"
        ),
        columns.HORIZON_DAYS,
        columns.MODEL_VERSION,
        Column("model", "varchar", "The candidate that is published."),
        Column("is_fallback", "boolean", "Whether it is a rule or a prior, because no model proved better."),
    ),
    rules=(
        "churn_probability between 0 and 1",
        *(f"{name} is null or {name} between 0 and 1" for name in CANDIDATES),
        f"risk_band = case when churn_probability >= {HIGH_RISK} then 'high' "
        f"when churn_probability >= {MEDIUM_RISK} then 'medium' else 'low' end",
        "recommended_cutoff is null or recommended_cutoff between 0 and 1",
        "value_at_risk is null or value_at_risk >= 0",
        f"model in {tuple(CANDIDATES.values())}",
        "is_fallback or model <> 'recency_rule'",
        "reason_method in ('exact', 'linear')",
        *(
            f"reason_{i}_share between 0 and 1 and (reason_{i} is null) = (reason_{i}_code is null)"
            for i in range(1, REASON_COUNT + 1)
        ),
        "horizon_days >= 1",
    ),
    expectations=(
        Expectation("null_share", "churn_probability", maximum=0.0, severity="critical", why="everyone is scored"),
        Expectation(
            "mean",
            "churn_probability",
            minimum=0.001,
            maximum=0.999,
            why="where everyone or no one leaves, a label of that kind was learned",
        ),
        Expectation("null_share", "reason_1", maximum=0.2, why="most scores should have a reason"),
    ),
)


def build(
    rows: pd.DataFrame,
    churn_model: pd.DataFrame,
    churn_threshold: pd.DataFrame,
    project: Project,
    snapshot_date: date,
) -> pd.DataFrame:
    """Score customers with the snapshot's champion.

    Args:
        rows: the model's features, is_active, clv and customer_count (of the whole snapshot) per customer_id.
        churn_model: the registry; the champion of `snapshot_date`, or what a person chose, holds all candidates.
        churn_threshold: the snapshot's cut-offs.
        project: gives the language of reasons.
        snapshot_date: D.

    Raises:
        ValueError: there are customers but no model of this snapshot, or features that it needs are absent.
    """
    import numpy as np
    import pandas as pd

    from crm_pipeline.churn.published_model import published_model
    from crm_pipeline.models.classifiers_btyd import with_btyd

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    published = published_model(
        churn_model, snapshot_date, choice_at(project.model_choices, snapshot_date), project.churn.horizon_days
    )
    model = published.model
    recommended = churn_threshold.loc[churn_threshold["is_recommended"].astype(bool), "cutoff"]
    rows = with_btyd(rows)
    scores = model.probabilities(rows)
    probability = scores["churn_probability"].to_numpy()
    is_active = rows["is_active"].to_numpy(dtype=np.bool_)
    exact = exact_rows(probability, is_active, int(rows["customer_count"].iloc[0]))
    reasons = model.top_reasons(rows, REASON_COUNT, exact)
    columns_of = {
        "snapshot_date": snapshot_date,
        "customer_id": rows["customer_id"],
        "churn_probability": probability,
        "is_active": is_active,
        "risk_band": np.select([probability >= HIGH_RISK, probability >= MEDIUM_RISK], ["high", "medium"], "low"),
        "recommended_cutoff": float(recommended.iloc[0]) if len(recommended) else np.nan,
        "value_at_risk": probability * rows["clv"].to_numpy(dtype=np.float64, na_value=np.nan),
        **_reasons(reasons, project.language),
        "reason_method": reasons["reason_method"],
        **{name: scores.get(candidate, np.nan) for name, candidate in CANDIDATES.items()},
        "horizon_days": model.horizon_days,
        "model_version": published.model_version,
        "model": model.champion,
        "is_fallback": published.is_fallback,
    }
    return pd.DataFrame(columns_of, index=rows.index)[list(TABLE.column_names)]


def exact_rows(probability: FloatArray, is_active: BoolArray, customer_count: int) -> BoolArray:
    """Whose reasons are exact: everyone's in a small snapshot, else those of active customers likeliest to leave.

    Args:
        probability, is_active: (n,), one batch in the order of customer_id; ties go to the earlier id.
        customer_count: customers of the whole snapshot.

    Returns:
        Mask, (n,).
    """
    import numpy as np

    if customer_count <= EXACT_REASON_ROWS:
        return np.ones(len(probability), dtype=np.bool_)
    limit = EXACT_REASON_ROWS * len(probability) // customer_count
    order = np.lexsort((np.arange(len(probability)), -probability, ~is_active))
    chosen = np.zeros(len(probability), dtype=np.bool_)
    chosen[order[:limit]] = True
    return chosen & is_active


def _reasons(reasons: pd.DataFrame, language: str) -> dict[str, pd.Series]:
    """The columns of reasons; words are made once for each different code and value."""
    import pandas as pd

    from crm_pipeline.models.reasons import reason_text

    @cache
    def words(code: str, value: float | None) -> str:
        return reason_text(code, value, language)

    found: dict[str, pd.Series] = {}
    for i in range(1, REASON_COUNT + 1):
        code, value = reasons[f"reason_{i}"], reasons[f"reason_{i}_value"]
        texts = [
            words(each, None if math.isnan(number) else number) if isinstance(each, str) else None
            for each, number in zip(code.tolist(), value.tolist(), strict=True)
        ]
        found[f"reason_{i}"] = pd.Series(texts, index=reasons.index, dtype=object)
        found[f"reason_{i}_code"] = code
        found[f"reason_{i}_value"] = value
        found[f"reason_{i}_share"] = reasons[f"reason_{i}_share"]
    return found
