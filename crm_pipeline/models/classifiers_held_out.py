"""Every model's predictions for the folds' judged rows, at the settings that predict them best."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.calibration import BoolArray, FloatArray, IntArray
from crm_pipeline.models.classifiers_boosting import BoostingModel, ForestModel, TreeModel, binned
from crm_pipeline.models.classifiers_btyd import MIXED, BtydRule, MixedBtydRule
from crm_pipeline.models.classifiers_data import EXPECTED, RECENCY, TrainingData
from crm_pipeline.models.classifiers_fitted import Scorer
from crm_pipeline.models.classifiers_folds import Fold
from crm_pipeline.models.classifiers_linear import LogisticModel, VectorMachine
from crm_pipeline.models.classifiers_rules import RecencyRule
from crm_pipeline.models.tuning_space import Tuned

BASELINE, BLEND = "recency_rule", "blend"
CANDIDATES = (BASELINE, "btyd", "btyd_mixed", "tree", "svm", "forest", "logistic", "boosting", BLEND)
"""From the simplest to the richest: of equals the simpler one is published."""
BLENDED = ("logistic", "boosting")
ANCHORS = (BASELINE, "btyd_mixed")
"""Rules of one number, whose level a richer model is set beside (see `calibration.anchored`)."""
INVERSE_PENALTIES = (0.001, 0.01, 0.1, 1.0)
BOOSTING_ROUNDS = (30, 60, 100, 150, 225)
LEVEL_SNAPSHOTS = 4

UNTUNED: Tuned = MappingProxyType({})
Scores = dict[tuple[str, float], FloatArray]


@dataclass(frozen=True)
class Fitted:
    """Uncalibrated log-odds per model, (m,), and outcomes, (m,), of the rows that one fold's models were fitted on."""

    log_odds: dict[str, FloatArray]
    y: BoolArray


@dataclass(frozen=True)
class HeldOut:
    """The judged rows of all folds, fold after fold; arrays are (n,), log_odds uncalibrated and per model.

    fold: position of the fold; fitted: what its models were fitted on, one per fold.
    """

    y: BoolArray
    is_active: BoolArray
    customer_hash: npt.NDArray[np.uint64]
    fold: IntArray
    customer_fold: IntArray
    log_odds: dict[str, FloatArray]
    fitted: list[Fitted]
    inverse_penalty: float
    rounds: int


def predict_held_out(data: TrainingData, folds: list[Fold], tuned: Tuned = UNTUNED) -> HeldOut:
    """Fit on each fold, predict its judged rows, and keep the L2 strength and the number of trees of least log loss."""
    judged: list[Scores] = []
    fitted: list[Scores] = []
    levels: list[BoolArray] = []
    for fold in folds:
        training = data.where(fold.fit)
        newest = training.where(level_rows(training))
        models = fit_candidates(training, INVERSE_PENALTIES, max(BOOSTING_ROUNDS), tuned)
        judged.append(_scores(models, data.X[fold.judged]))
        fitted.append(_scores(models, newest.X))
        levels.append(newest.y)
    rows = np.concatenate([fold.judged for fold in folds])
    y = data.y[rows]
    # what a fold could not fit (no expectation known by chance) is left out everywhere
    scored = {key: np.concatenate([s[key] for s in judged]) for key in judged[0] if all(key in s for s in judged)}
    penalty = min(INVERSE_PENALTIES, key=lambda value: _loss(y, scored["logistic", value]))
    rounds = min(BOOSTING_ROUNDS, key=lambda value: _loss(y, scored["boosting", value]))
    settings = {"logistic": penalty, "boosting": float(rounds)}
    chosen = {name: (name, setting) for name, setting in scored if setting == settings.get(name, 0.0)}
    sizes = [len(fold.judged) for fold in folds]
    return HeldOut(
        y=y,
        is_active=data.is_active[rows],
        customer_hash=data.customer_hash[rows],
        fold=np.repeat(np.arange(len(folds)), sizes),
        customer_fold=np.repeat([fold.customer_fold for fold in folds], sizes),
        log_odds={name: scored[key] for name, key in chosen.items()},
        fitted=[
            Fitted({name: scores[key] for name, key in chosen.items()}, y_level)
            for scores, y_level in zip(fitted, levels, strict=True)
        ],
        inverse_penalty=penalty,
        rounds=rounds,
    )


def level_rows(data: TrainingData) -> BoolArray:
    """The newest LEVEL_SNAPSHOTS snapshots' rows, whose churn share sets the level; all, if they hold one class."""
    newest = np.unique(data.snapshot)[-LEVEL_SNAPSHOTS:]
    is_newest = data.snapshot >= newest[0]
    return is_newest if 0 < data.y[is_newest].mean() < 1 else np.ones_like(is_newest)


@dataclass(frozen=True)
class CandidateModels:
    """Uncalibrated models: logistic ones by L2 strength, boosted trees, and by name those without a setting."""

    logistic: dict[float, LogisticModel]
    boosting: BoostingModel
    others: dict[str, Scorer]


def fit_candidates(
    data: TrainingData, inverse_penalties: tuple[float, ...], rounds: int, tuned: Tuned = UNTUNED
) -> CandidateModels:
    """All models on all rows, which must hold both classes; no BTYD where nothing is expected of anyone."""
    X, y = data.X, data.y
    recency = RecencyRule.fit(X, y, data.features.index(RECENCY))
    others: dict[str, Scorer] = {BASELINE: recency}
    for name, column, rule in (("btyd", EXPECTED, BtydRule), ("btyd_mixed", MIXED, MixedBtydRule)):
        if column in data.features and np.isfinite(X[:, data.features.index(column)]).any():
            others[name] = rule.fit(X, data.features.index(column), recency)
    logistic = LogisticModel.fit(X, y, inverse_penalties)
    bins = binned(X, y)
    others["tree"] = TreeModel.fit_tree(X, y, bins, tuned.get("tree", {}))
    others["forest"] = ForestModel.fit(X, y, bins, tuned.get("forest", {}))
    others["svm"] = VectorMachine.fit_machine(X, y, next(iter(logistic.values())).transform, **tuned.get("svm", {}))
    return CandidateModels(logistic, BoostingModel.fit(X, y, rounds, bins, tuned.get("boosting", {})), others)


def _scores(models: CandidateModels, X: FloatArray) -> Scores:
    """Log-odds, (n,), per model and setting (0 where there is nothing to set)."""
    scores: Scores = {(name, 0.0): model.log_odds(X) for name, model in models.others.items()}
    scores |= {("logistic", penalty): model.log_odds(X) for penalty, model in models.logistic.items()}
    after = models.boosting.log_odds_after(X, BOOSTING_ROUNDS)
    scores |= {("boosting", float(rounds)): score for rounds, score in zip(BOOSTING_ROUNDS, after, strict=True)}
    return scores


def _loss(y: BoolArray, log_odds: FloatArray) -> float:
    """Mean negative log-likelihood."""
    return float(np.mean(np.logaddexp(0, log_odds) - y * log_odds))
