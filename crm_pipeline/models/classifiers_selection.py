"""Settings, calibration and champion of a churn model, all from predictions for rows that were not fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.calibration import BoolArray, FloatArray, IntArray, Stack, apply_stack, fit_stack, probability
from crm_pipeline.models.classifiers_boosting import BoostingModel
from crm_pipeline.models.classifiers_data import EXPECTED, RECENCY, TrainingData
from crm_pipeline.models.classifiers_folds import Fold, customer_fold
from crm_pipeline.models.classifiers_linear import LogisticModel
from crm_pipeline.models.classifiers_rules import BtydRule, RecencyRule
from crm_pipeline.models.grades import Gate, passes_gate
from crm_pipeline.models.metrics import brier, by_name, log_loss, roc_auc

BASELINE = "recency_rule"
BLENDED = ("logistic", "boosting", "btyd")
CANDIDATES = (BASELINE, "btyd", "logistic", "boosting", "blend")
INVERSE_PENALTIES = (0.001, 0.01, 0.1, 1.0)
BOOSTING_ROUNDS = (30, 60, 100, 150, 225)
MINIMUM_CLASS_ROWS = 50
METRICS = by_name(log_loss, brier, roc_auc)


@dataclass(frozen=True)
class HeldOut:
    """Rows judged by models not fitted on them.

    log_odds: uncalibrated, per model, (n,). The other arrays: (n,), in the order of the training data.
    """

    rows: IntArray
    y: BoolArray
    is_judged: BoolArray
    customer_fold: IntArray
    customer: npt.NDArray[np.uint64]
    log_odds: dict[str, FloatArray]


@dataclass(frozen=True)
class Selection:
    """What the held-out rows decided.

    stacks: calibration per candidate. metrics: log_loss, brier, roc_auc per candidate, cross-fitted.
    champion: the published candidate; gate: why.
    """

    inverse_penalty: float
    rounds: int
    stacks: dict[str, Stack]
    metrics: dict[str, dict[str, float]]
    population: str
    row_count: int
    champion: str
    gate: Gate


def select(data: TrainingData, folds: list[Fold]) -> Selection:
    """Choose settings by log loss, calibrate every candidate, and let the best one challenge the recency rule.

    Metrics are of active customers where at least MINIMUM_CLASS_ROWS of either class are; else of all.
    `folds` must hold rows of both classes to judge (see `has_both_classes`).
    """
    held_out, inverse_penalty, rounds = _held_out(data, folds)
    stacks, calibrated = {}, {}
    for candidate in CANDIDATES:
        names = [name for name in (BLENDED if candidate == "blend" else (candidate,)) if name in held_out.log_odds]
        if names:
            part = {name: held_out.log_odds[name] for name in names}
            stacks[candidate] = fit_stack(part, held_out.y)
            calibrated[candidate] = probability(_cross_calibrated(held_out, part))
    judged = held_out.is_judged
    truth = held_out.y[judged].astype(np.float64)
    metrics = {
        candidate: {name: float(metric(truth, p[judged])) for name, metric in METRICS.items()}
        for candidate, p in calibrated.items()
    }
    best = min(metrics, key=lambda candidate: (metrics[candidate]["log_loss"], CANDIDATES.index(candidate)))
    gate = _gate(best, truth, {c: calibrated[c][judged] for c in {best, BASELINE}}, held_out.customer[judged])
    return Selection(
        inverse_penalty=inverse_penalty,
        rounds=rounds,
        stacks=stacks,
        metrics=metrics,
        population="all" if judged.all() else "active",
        row_count=len(truth),
        champion=gate.published_model,
        gate=gate,
    )


def has_both_classes(data: TrainingData, folds: list[Fold]) -> bool:
    """Whether the judged rows hold at least half of MINIMUM_CLASS_ROWS of either class."""
    churned = sum(int(data.y[fold.judged].sum()) for fold in folds)
    row_count = sum(len(fold.judged) for fold in folds)
    return min(churned, row_count - churned) >= MINIMUM_CLASS_ROWS // 2


def fit_models(
    data: TrainingData, inverse_penalties: tuple[float, ...], rounds: int
) -> tuple[dict[str, RecencyRule | BtydRule | BoostingModel], dict[float, LogisticModel]]:
    """The models by name, but the logistic ones by L2 strength; no btyd where nothing is expected of anyone."""
    recency = RecencyRule.fit(data.X, data.y, data.features.index(RECENCY))
    models: dict[str, RecencyRule | BtydRule | BoostingModel] = {BASELINE: recency}
    if EXPECTED in data.features:
        column = data.features.index(EXPECTED)
        if np.isfinite(data.X[:, column]).any():
            models["btyd"] = BtydRule.fit(data.X, column, recency)
    models["boosting"] = BoostingModel.fit(data.X, data.y, rounds)
    return models, LogisticModel.fit(data.X, data.y, inverse_penalties)


def _held_out(data: TrainingData, folds: list[Fold]) -> tuple[HeldOut, float, int]:
    """Predictions of all folds, with the L2 strength and the number of trees that have the least log loss."""
    parts: dict[str | tuple[str, float], list[FloatArray]] = {}
    for fold in folds:
        X = data.X[fold.judged]
        models, linear = fit_models(data.where(fold.fit), INVERSE_PENALTIES, max(BOOSTING_ROUNDS))
        boosting = models.pop("boosting")
        assert isinstance(boosting, BoostingModel)
        scores: dict[str | tuple[str, float], FloatArray] = {name: model.log_odds(X) for name, model in models.items()}
        # an expectation may be absent from one fold by chance; the rule is what it falls back to anyway
        if EXPECTED in data.features:
            scores.setdefault("btyd", scores[BASELINE])
        scores |= {("logistic", penalty): model.log_odds(X) for penalty, model in linear.items()}
        scores |= {("boosting", rounds): boosting.log_odds(X, rounds) for rounds in BOOSTING_ROUNDS}
        for key, score in scores.items():
            parts.setdefault(key, []).append(score)
    rows = np.concatenate([fold.judged for fold in folds])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    scored = {key: np.concatenate(part)[order] for key, part in parts.items()}
    y = data.y[rows]
    penalty = min(INVERSE_PENALTIES, key=lambda value: _loss(y, scored["logistic", value]))
    rounds = min(BOOSTING_ROUNDS, key=lambda value: _loss(y, scored["boosting", value]))
    log_odds = {name: score for name, score in scored.items() if isinstance(name, str)}
    log_odds |= {"logistic": scored["logistic", penalty], "boosting": scored["boosting", rounds]}
    if EXPECTED in data.features and not np.isfinite(data.X[:, data.features.index(EXPECTED)]).any():
        del log_odds["btyd"]
    held_out = HeldOut(
        rows=rows,
        y=y,
        is_judged=_judged(y, data.is_active[rows]),
        customer_fold=customer_fold(data)[rows],
        customer=data.customer_hash[rows],
        log_odds=log_odds,
    )
    return held_out, penalty, rounds


def _judged(y: BoolArray, is_active: BoolArray) -> BoolArray:
    """Active rows, if they hold enough of either class; else all."""
    churned = int(y[is_active].sum())
    is_enough = min(churned, int(is_active.sum()) - churned) >= MINIMUM_CLASS_ROWS
    return is_active if is_enough else np.ones(len(y), dtype=np.bool_)


def _cross_calibrated(held_out: HeldOut, log_odds: dict[str, FloatArray]) -> FloatArray:
    """Calibrated log-odds, each customer fold calibrated on the others, so that no blend wins by chance."""
    result = np.empty(len(held_out.y))
    for group in np.unique(held_out.customer_fold):
        is_judged = held_out.customer_fold == group
        learned = ~is_judged
        if held_out.y[learned].all() or not held_out.y[learned].any():
            learned = np.ones(len(is_judged), dtype=np.bool_)
        stack = fit_stack({name: z[learned] for name, z in log_odds.items()}, held_out.y[learned])
        result[is_judged] = apply_stack(stack, {name: z[is_judged] for name, z in log_odds.items()})
    return result


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


def _loss(y: BoolArray, log_odds: FloatArray) -> float:
    """Mean negative log-likelihood."""
    return float(np.mean(np.logaddexp(0, log_odds) - y * log_odds))
