"""A search for settings of churn models (tree-structured Parzen estimator by Optuna: Bergstra et al., 2011; Akiba et
al., 2019).

Trials are compared by log loss on folds that are later in time, and of other customers, than what is fitted on. What
they find is then judged once on the customers of a fold that no trial was judged on: found settings replace the
defaults only if the lower end of the paired improvement is above 0 there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.calibration import BoolArray, FloatArray, apply_stack, fit_intercept, fit_weights, probability
from crm_pipeline.models.classifiers import SELECTION_ROW_CAP
from crm_pipeline.models.classifiers_boosting import BoostingModel, ForestModel, TreeModel, binned
from crm_pipeline.models.classifiers_data import TrainingData, sample_customers, training_data
from crm_pipeline.models.classifiers_folds import CUSTOMER_FOLDS, Fold, make_folds
from crm_pipeline.models.classifiers_held_out import BOOSTING_ROUNDS
from crm_pipeline.models.classifiers_leaks import tell_tales
from crm_pipeline.models.classifiers_linear import Transform, VectorMachine
from crm_pipeline.models.classifiers_selection import can_judge
from crm_pipeline.models.metrics import by_name, log_loss
from crm_pipeline.models.tuning_space import SPACES, Range
from crm_pipeline.one_thread import one_thread

if TYPE_CHECKING:
    import optuna

JUDGING_FOLD = CUSTOMER_FOLDS - 1
"""The customers that no trial is judged on."""

Settings = Mapping[str, float]
Report = Callable[[str, int, float], None]
"""Called after each trial with the model's name, the trials done, and the least log loss so far."""


@dataclass(frozen=True)
class Found:
    """The best settings of one model, its log loss and that of the defaults on customers no trial saw.

    improvement_lower, improvement_upper: 95 % interval of the paired difference; is_better: all of it above 0.
    """

    model: str
    settings: dict[str, float]
    trials: int
    log_loss: float
    default_log_loss: float
    improvement_lower: float
    improvement_upper: float

    @property
    def is_better(self) -> bool:
        """Whether the settings are worth to be used."""
        return self.improvement_lower > 0


def tune_churn(
    frame: pd.DataFrame, horizon_days: int, trials: int, report: Report = lambda name, done, best: None, seed: int = 0
) -> list[Found]:
    """Search the settings of every model in SPACES.

    Args:
        frame: known outcomes and features, as of `fit_churn`.
        horizon_days: of the outcomes. trials: per model, at least 1. seed: of the search.

    Returns:
        One entry per model; none where the outcomes are too few to judge by. The same frame, trials and seed give the
        same settings.

    Raises:
        ValueError: for fewer than one trial, and as `fit_churn`.
        ModuleNotFoundError: without the package optuna.
    """
    if trials < 1:
        raise ValueError(f"trials must be at least 1, not {trials}")
    data = sample_customers(training_data(frame), SELECTION_ROW_CAP)
    if data.y.all() or not data.y.any():
        return []
    data = data.without(tell_tales(data))
    folds = make_folds(data, horizon_days)
    searched = [fold for fold in folds if fold.customer_fold != JUDGING_FOLD]
    kept = [fold for fold in folds if fold.customer_fold == JUDGING_FOLD]
    if not can_judge(data, searched) or not can_judge(data, kept):
        return []
    with one_thread():
        return [_search(name, data, searched, kept, trials, report, seed) for name in SPACES]


def _search(
    name: str, data: TrainingData, searched: list[Fold], kept: list[Fold], trials: int, report: Report, seed: int
) -> Found:
    """One study, and its judgement."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def objective(trial: optuna.Trial) -> float:
        settings = {key: _suggest(trial, key, space) for key, space in SPACES[name].items()}
        return float(np.mean(_losses(name, data, searched, settings)))

    study.optimize(
        objective,
        n_trials=trials,
        callbacks=[lambda study, trial: report(name, trial.number + 1, study.best_value)],
    )
    settings = {key: _rounded(study.best_params[key], space) for key, space in SPACES[name].items()}
    rows = np.concatenate([fold.judged for fold in kept])
    y = data.y[rows].astype(np.float64)
    scores = {
        model: np.clip(probability(_judged(name, data, searched, kept, chosen)), 1e-9, 1 - 1e-9)
        for model, chosen in (("default", {}), ("tuned", settings))
    }
    table = paired_bootstrap(y, scores, by_name(log_loss), data.customer_hash[rows], "default")
    tuned = table[table["model"] == "tuned"].to_dict("records")[0]
    return Found(
        name,
        settings,
        trials,
        log_loss=float(tuned["value"]),
        default_log_loss=float(tuned["baseline_value"]),
        improvement_lower=float(tuned["improvement_lower"]),
        improvement_upper=float(tuned["improvement_upper"]),
    )


def _suggest(trial: optuna.Trial, key: str, space: Range) -> float:
    if space.is_whole:
        return trial.suggest_int(key, int(space.low), int(space.high), log=space.is_log)
    return trial.suggest_float(key, space.low, space.high, log=space.is_log)


def _rounded(value: float, space: Range) -> float:
    """Four digits say enough, and are what a person would write."""
    return int(value) if space.is_whole else min(max(float(f"{value:.4g}"), space.low), space.high)


def _losses(name: str, data: TrainingData, folds: list[Fold], settings: Settings) -> FloatArray:
    """Log loss of each judged row, (n,), of boosted trees at their best number."""
    candidates, y = _held_out(name, data, folds, settings), _outcomes(data, folds)
    z = _calibrated(name, candidates[_best(candidates, y)], y, folds)
    return np.asarray(np.logaddexp(0, z) - y * z, dtype=np.float64)


def _judged(name: str, data: TrainingData, searched: list[Fold], kept: list[Fold], settings: Settings) -> FloatArray:
    """Calibrated log-odds of the kept folds' rows, (n,); the number of boosted trees comes from the searched folds."""
    candidates = _held_out(name, data, kept, settings)
    number = 0
    if len(candidates) > 1:
        number = _best(_held_out(name, data, searched, settings), _outcomes(data, searched))
    return _calibrated(name, candidates[number], _outcomes(data, kept), kept)


def _outcomes(data: TrainingData, folds: list[Fold]) -> BoolArray:
    """What came true for the judged rows, fold after fold, (n,)."""
    outcomes: BoolArray = data.y[np.concatenate([fold.judged for fold in folds])]
    return outcomes


def _held_out(name: str, data: TrainingData, folds: list[Fold], settings: Settings) -> list[FloatArray]:
    """Log-odds of the judged rows, fold after fold, (n,); of boosted trees one per number of trees."""
    found = [_fold_scores(name, data.where(fold.fit), data.X[fold.judged], settings) for fold in folds]
    return [np.concatenate(scores) for scores in zip(*found, strict=True)]


def _best(candidates: list[FloatArray], y: BoolArray) -> int:
    """Which candidate has the least log loss."""
    return int(np.argmin([np.mean(np.logaddexp(0, z) - y * z) for z in candidates]))


def _calibrated(name: str, z: FloatArray, y: BoolArray, folds: list[Fold]) -> FloatArray:
    """Log-odds after a line with one slope for all: little to learn from thousands of rows, learned for all alike."""
    weights = fit_weights({name: z}, y, np.repeat(np.arange(len(folds)), [len(fold.judged) for fold in folds]))
    return apply_stack(fit_intercept(weights, {name: z}, y), {name: z})


def _fold_scores(name: str, fit: TrainingData, X: FloatArray, settings: Settings) -> list[FloatArray]:
    """Log-odds, (n,), of one model fitted on a fold; several for boosted trees, one per number of trees."""
    if name == "svm":
        return [VectorMachine.fit_machine(fit.X, fit.y, Transform.fit(fit.X), **settings).log_odds(X)]
    bins = binned(fit.X, fit.y)
    if name == "boosting":
        model = BoostingModel.fit(fit.X, fit.y, max(BOOSTING_ROUNDS), bins, settings)
        return model.log_odds_after(X, BOOSTING_ROUNDS)
    if name == "forest":
        return [ForestModel.fit(fit.X, fit.y, bins, settings).log_odds(X)]
    return [TreeModel.fit_tree(fit.X, fit.y, bins, settings).log_odds(X)]
