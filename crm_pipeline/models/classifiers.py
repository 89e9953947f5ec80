"""Churn: candidates from a recency rule to a blend with boosted trees, and the choice between them.

`fit_churn` needs only outcomes that are known; everything (penalty, number of trees, blending weights, calibration,
champion) settles on rows that were later than, and of other customers than, those fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from crm_pipeline.models.calibration import FloatArray, Stack, anchored, fit_intercept
from crm_pipeline.models.classifiers_btyd import MIXED, BtydRule, MixedBtydRule
from crm_pipeline.models.classifiers_data import (
    EXPECTED,
    RECENCY,
    TrainingData,
    feature_matrix,
    sample_customers,
    training_data,
)
from crm_pipeline.models.classifiers_fitted import FittedChurn, Scorer
from crm_pipeline.models.classifiers_folds import make_folds
from crm_pipeline.models.classifiers_held_out import ANCHORS, BASELINE, UNTUNED, fit_candidates, level_rows
from crm_pipeline.models.classifiers_leaks import tell_tales
from crm_pipeline.models.classifiers_rules import RecencyRule
from crm_pipeline.models.classifiers_selection import MINIMUM_CLASS_ROWS, Selection, can_judge, select
from crm_pipeline.models.tuning_space import Tuned
from crm_pipeline.one_thread import one_thread

TRAINING_ROW_CAP = 500_000
PRIOR_WORDS = {
    BASELINE: "days since the last order against the horizon",
    "btyd": "exp(-expected_purchases)",
    "btyd_mixed": "exp(-expected_purchases) with an uncertain rate",
}
SELECTION_ROW_CAP = 60_000
"""Rows that settings and champion are chosen on: more would only sharpen what is sharp enough."""


def fit_churn(
    frame: pd.DataFrame,
    horizon_days: int,
    features: Sequence[str] | None = None,
    row_cap: int = TRAINING_ROW_CAP,
    current: pd.DataFrame | None = None,
    tuned: Tuned = UNTUNED,
) -> FittedChurn:
    """Fit all candidates on known outcomes and choose the champion.

    Args:
        frame: one row per snapshot_date and customer_id of earlier snapshots: is_churned (no order in the horizon),
            days_since_last_order, optionally is_active and expected_purchases (orders expected in the horizon), and
            numeric feature columns; NaN allowed in features but days_since_last_order. May have no rows.
        horizon_days: the days after a snapshot in which an order makes a customer not churned.
        features: columns to learn from; default all but snapshot_date, customer_id, is_churned and is_active.
        row_cap: with more rows, the customers with the lowest hashes of their ids are learned from.
        current: the feature columns of the customers to be scored, or of a sample of them: they settle the level.
        tuned: settings by model that take the place of the defaults (see `tuning`).

    Returns:
        The fitted model. A feature that alone tells the outcome (area under its ROC curve of .99) is left out, and
        settings say so: such a one comes from the future. With fewer than 50 rows of a class it is a labelled prior
        (`is_prior`): (1 + E / n)^-n of E expected purchases after n order days (or exp(-E) without `btyd_log_odds`),
        and (d + 1) / (d + 1 + horizon_days) after d days without an order where nothing is expected.
        The order of the rows does not matter.

    Raises:
        ValueError: for a horizon below 1 day, absent or non-numeric columns, missing outcomes, or repeated rows.
    """
    if horizon_days < 1:
        raise ValueError(f"horizon_days must be at least 1, not {horizon_days}")
    if row_cap < 1:
        raise ValueError(f"row_cap must be at least 1, not {row_cap}")
    data = sample_customers(training_data(frame, features), row_cap)
    churned = int(data.y.sum())
    if min(churned, len(data.y) - churned) < MINIMUM_CLASS_ROWS:
        why = f"of {len(data.y)} known outcomes {churned} are churn; {MINIMUM_CLASS_ROWS} of either kind are needed"
        return _prior(data, horizon_days, why)
    sample = sample_customers(data, SELECTION_ROW_CAP)
    telling = tell_tales(sample)
    if telling:
        data, sample = data.without(telling), sample.without(telling)
    folds = make_folds(sample, horizon_days)
    if not can_judge(sample, folds):
        return _prior(data, horizon_days, f"the {len(data.y)} known outcomes are of too few customers to judge a model")
    with one_thread():
        scored = feature_matrix(frame.head(0) if current is None else current, data.features)
        fitted = _fitted(data, scored, horizon_days, select(sample, folds, tuned), tuned)
    return replace(fitted, settings=fitted.settings | {"left_out": telling})


def _fitted(
    data: TrainingData, scored: FloatArray, horizon_days: int, selection: Selection, tuned: Tuned
) -> FittedChurn:
    """All candidates refitted on all rows, with the weights learned on held-out ones and the level of `scored`."""
    fitted = fit_candidates(data, (selection.inverse_penalty,), selection.rounds, tuned)
    models: dict[str, Scorer] = {
        **fitted.others,
        "logistic": fitted.logistic[selection.inverse_penalty],
        "boosting": fitted.boosting,
    }
    newest = data.where(level_rows(data))
    log_odds = {name: model.log_odds(newest.X) for name, model in models.items()}
    stacks = {name: fit_intercept(weights, log_odds, newest.y) for name, weights in selection.weights.items()}
    stacks = anchored(stacks, {name: model.log_odds(scored) for name, model in models.items()}, ANCHORS)
    return FittedChurn(
        features=data.features,
        horizon_days=horizon_days,
        models=models,
        stacks=stacks,
        champion=selection.champion,
        is_prior=False,
        why=selection.gate.why,
        settings={
            "inverse_penalty": selection.inverse_penalty,
            "boosting_rounds": selection.rounds,
            "training_rows": len(data.y),
            "data_hash": data.digest,
            "training_churn_share": float(np.mean(data.y)),
            "judged_rows": selection.row_count,
            "judged_population": selection.population,
        }
        | ({"tuned": {name: dict(values) for name, values in tuned.items()}} if tuned else {}),
        metrics=selection.metrics,
    )


def _prior(data: TrainingData, horizon_days: int, reason: str) -> FittedChurn:
    """Scores without outcomes: by expected purchases where the frame has them, else by the silence alone."""
    recency = RecencyRule.prior(horizon_days, data.features.index(RECENCY))
    models: dict[str, Scorer] = {BASELINE: recency}
    for name, column, rule_type in (("btyd", EXPECTED, BtydRule), ("btyd_mixed", MIXED, MixedBtydRule)):
        if column in data.features:
            models[name] = rule_type(data.features.index(column), recency, 0.0)
    champion = list(models)[-1]
    rule = PRIOR_WORDS[champion]
    return FittedChurn(
        features=data.features,
        horizon_days=horizon_days,
        models=models,
        stacks={name: Stack(0.0, {name: 1.0}) for name in models},
        champion=champion,
        is_prior=True,
        why=f"A prior is published, {rule}: {reason}.",
        settings={"training_rows": len(data.y), "data_hash": data.digest},
        metrics={},
    )
