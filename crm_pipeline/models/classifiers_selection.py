"""Settings, weights and champion of a churn model, all from predictions for rows that were not fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.calibration import FloatArray, anchored, apply_stack, fit_intercept, fit_weights, probability
from crm_pipeline.models.classifiers_data import TrainingData
from crm_pipeline.models.classifiers_folds import Fold
from crm_pipeline.models.classifiers_held_out import (
    ANCHORS,
    BASELINE,
    BLEND,
    BLENDED,
    CANDIDATES,
    UNTUNED,
    HeldOut,
    predict_held_out,
)
from crm_pipeline.models.grades import Gate, passes_gate
from crm_pipeline.models.metrics import brier, by_name, log_loss, roc_auc
from crm_pipeline.models.tuning_space import Tuned

MINIMUM_CLASS_ROWS = 50
METRICS = by_name(log_loss, brier, roc_auc)


@dataclass(frozen=True)
class Selection:
    """What the held-out rows decided.

    weights: per candidate, by model. metrics: log_loss, brier, roc_auc per candidate, each as it would have been
    published. champion: the published candidate; gate: why.
    """

    inverse_penalty: float
    rounds: int
    weights: dict[str, dict[str, float]]
    metrics: dict[str, dict[str, float]]
    population: str
    row_count: int
    champion: str
    gate: Gate


def select(data: TrainingData, folds: list[Fold], tuned: Tuned = UNTUNED) -> Selection:
    """Choose settings by log loss, weigh every candidate's models, and let the best one challenge the recency rule.

    Metrics are of active customers where at least MINIMUM_CLASS_ROWS of either class are; else of all.
    `folds` must hold rows of both classes to judge (see `can_judge`).
    """
    held_out = predict_held_out(data, folds, tuned)
    parts = {name: names for name in CANDIDATES if (names := _models_of(name, held_out))}
    weights = {
        name: fit_weights({model: held_out.log_odds[model] for model in models}, held_out.y, held_out.fold)
        for name, models in parts.items()
    }
    calibrated = _as_published(held_out, parts)
    is_judged = _judged_population(held_out)
    truth = held_out.y[is_judged].astype(np.float64)
    metrics = {
        candidate: {name: float(metric(truth, p[is_judged])) for name, metric in METRICS.items()}
        for candidate, p in calibrated.items()
    }
    best = min(metrics, key=lambda candidate: (metrics[candidate]["log_loss"], CANDIDATES.index(candidate)))
    scores = {candidate: calibrated[candidate][is_judged] for candidate in dict.fromkeys((BASELINE, best))}
    gate = _gate(best, truth, scores, held_out.customer_hash[is_judged])
    return Selection(
        inverse_penalty=held_out.inverse_penalty,
        rounds=held_out.rounds,
        weights=weights,
        metrics=metrics,
        population="all" if is_judged.all() else "active",
        row_count=len(truth),
        champion=gate.published_model,
        gate=gate,
    )


def can_judge(data: TrainingData, folds: list[Fold]) -> bool:
    """Whether the judged rows hold at least half of MINIMUM_CLASS_ROWS of either class."""
    churned = sum(int(data.y[fold.judged].sum()) for fold in folds)
    row_count = sum(len(fold.judged) for fold in folds)
    return min(churned, row_count - churned) >= MINIMUM_CLASS_ROWS // 2


def _models_of(candidate: str, held_out: HeldOut) -> list[str]:
    """The models that a candidate is made of, as far as they could be fitted."""
    return [name for name in (BLENDED if candidate == BLEND else (candidate,)) if name in held_out.log_odds]


def _as_published(held_out: HeldOut, parts: Mapping[str, list[str]]) -> dict[str, FloatArray]:
    """Probabilities, (n,), per candidate: each fold's models, with others' weights and the level that is known.

    Weights learned on the other customers' folds keep a blend from winning by chance; the level comes from the rows
    fitted on, and from the features of those judged, as it will when the model is published.
    """
    found = {name: np.empty(len(held_out.y)) for name in parts}
    for position, fitted in enumerate(held_out.fitted):
        rows = held_out.fold == position
        others = held_out.customer_fold != held_out.customer_fold[rows][0]
        churned = int(held_out.y[others].sum())
        if churned in (0, int(others.sum())):
            others = np.ones_like(others)
        stacks = {}
        for name, models in parts.items():
            known = {model: held_out.log_odds[model][others] for model in models}
            weights = fit_weights(known, held_out.y[others], held_out.fold[others])
            stacks[name] = fit_intercept(weights, fitted.log_odds, fitted.y)
        scored = {model: log_odds[rows] for model, log_odds in held_out.log_odds.items()}
        for name, stack in anchored(stacks, scored, ANCHORS).items():
            found[name][rows] = apply_stack(stack, scored)
    return {name: probability(log_odds) for name, log_odds in found.items()}


def _judged_population(held_out: HeldOut) -> npt.NDArray[np.bool_]:
    """Active rows, if they hold enough of either class; else all."""
    is_active = held_out.is_active
    churned = int(held_out.y[is_active].sum())
    is_enough = min(churned, int(is_active.sum()) - churned) >= MINIMUM_CLASS_ROWS
    return is_active if is_enough else np.ones_like(is_active)


def _gate(best: str, truth: FloatArray, scores: Mapping[str, FloatArray], customers: npt.NDArray[np.uint64]) -> Gate:
    """The promotion gate on log loss, with the paired bootstrap over customers."""
    table = paired_bootstrap(truth, scores, by_name(log_loss), customers, BASELINE)
    row = table.loc[table["model"] == best].iloc[0]
    return passes_gate(
        log_loss,
        model=best,
        baseline=BASELINE,
        improvement=float(row["improvement"]),
        improvement_lower=float(row["improvement_lower"]),
        row_count=len(truth),
    )
