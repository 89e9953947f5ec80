"""The shared contract of every `*_evaluation` table: how well each model did on outcomes that are now known.

Two entry points give the same columns: `evaluate_scores` for a prediction and its outcome per customer (churn,
customer value), `evaluate_customer_values` for figures of merit already computed per customer (recommendations).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd

from crm_pipeline.models.bootstrap import RESULT_COLUMNS, paired_bootstrap
from crm_pipeline.models.comparison import Comparison, compare
from crm_pipeline.models.metrics import Metric, customer_mean

POPULATIONS: Mapping[str, str | None] = MappingProxyType({"all": None, "active": "is_active"})
"""Populations and the boolean column that selects each (None: everyone)."""

EVALUATION_COLUMNS = (
    "known_date",
    "snapshot_date",
    "scope",
    "snapshot_count",
    "model",
    "population",
    "metric",
    *RESULT_COLUMNS[2:],
    "row_count",
)
_TYPES = {
    **{name: "float64" for name in EVALUATION_COLUMNS},
    **{name: "str" for name in ("scope", "model", "population", "metric", "baseline")},
    **{name: "int64" for name in ("snapshot_count", "row_count")},
    **{name: "datetime64[us]" for name in ("known_date", "snapshot_date")},
}
_SORT = ["snapshot_date", "scope", "population", "metric", "model"]


def evaluate_scores(
    frame: pd.DataFrame,
    *,
    known_date: Any,
    models: Sequence[str],
    baseline: str,
    metrics: Mapping[str, Metric],
    truth: str = "truth",
    newly_due: Collection[Any] | None = None,
    populations: Mapping[str, str | None] = POPULATIONS,
    replicates: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Judge predictions against outcomes, per snapshot and pooled over all snapshots judged so far.

    Args:
        frame: one row per snapshot_date and customer_id whose outcome is known at `known_date`: the columns
            snapshot_date, customer_id, `truth`, the populations' booleans, and one column per model. A model may be
            missing (NaN) for whole snapshots: it is judged, and compared, on the others (with none, it has no row).
        known_date: D of the partition; later than every snapshot_date.
        models: score columns to judge, the baseline's among them.
        baseline: the column to compare with; known for every row.
        metrics: see `paired_bootstrap`, as for replicates, seed and confidence.
        truth: column of the outcomes.
        newly_due: snapshots whose outcomes fell due since the previous D, which get rows of their own (default: the
            newest in the frame). With none there is nothing new to say, and no rows.
        populations: name of each population and the boolean column that selects it, None for everyone.

    Returns:
        `EVALUATION_COLUMNS`, sorted by snapshot_date, scope, population, metric, model. scope is 'snapshot' (one
        judged snapshot) or 'pooled' (every snapshot in the frame; snapshot_date is the newest of them);
        snapshot_count and row_count say what the row rests on. Undefined values are NaN, as in an empty population.

    Raises:
        ValueError: for missing columns, duplicate grain, a snapshot not before `known_date`, a score missing for
            part of a snapshot, or anything `paired_bootstrap` objects to.
    """
    _check_baseline(baseline, models)
    columns = {model: model for model in models}

    def comparisons(part: pd.DataFrame) -> Iterator[Comparison]:
        yield Comparison(part, columns, metrics, truth)

    checked = _checked(frame, [truth, *models], populations, known_date)
    bootstrap = partial(paired_bootstrap, baseline=baseline, replicates=replicates, seed=seed, confidence=confidence)
    return _evaluate(checked, known_date, newly_due, populations, comparisons, bootstrap, baseline)


def evaluate_customer_values(
    frame: pd.DataFrame,
    *,
    known_date: Any,
    values: Mapping[str, Mapping[str, str]],
    baseline: str,
    newly_due: Collection[Any] | None = None,
    populations: Mapping[str, str | None] = POPULATIONS,
    replicates: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Judge figures of merit computed per customer, such as recall@10: a model's metric is their mean.

    Args:
        frame: one row per snapshot_date and customer_id, with the populations' booleans and the columns that `values`
            names. NaN means that the customer says nothing (bought nothing); such rows are left out of that metric
            and must be the same for all models, except that a model may be missing for whole snapshots.
        values: metric -> model -> column, the baseline among the models; greater is better, 1 is perfect.
        known_date, baseline, newly_due, populations, replicates, seed, confidence: as in `evaluate_scores`.

    Returns:
        As `evaluate_scores`; row_count counts the customers with a value.

    Raises:
        ValueError: as `evaluate_scores`.
    """
    for name, columns in values.items():
        _check_baseline(baseline, columns, f" of {name}")

    def comparisons(part: pd.DataFrame) -> Iterator[Comparison]:
        for name, columns in values.items():
            is_known = part[columns[baseline]].notna()
            for column in columns.values():
                if part.loc[~is_known, column].notna().any():
                    raise ValueError(f"{column} has values for customers without one in {columns[baseline]}")
            yield Comparison(part[is_known], columns, {name: customer_mean}, None)

    needed = [column for columns in values.values() for column in columns.values()]
    checked = _checked(frame, needed, populations, known_date)
    bootstrap = partial(paired_bootstrap, baseline=baseline, replicates=replicates, seed=seed, confidence=confidence)
    return _evaluate(checked, known_date, newly_due, populations, comparisons, bootstrap, baseline)


def _evaluate(
    frame: pd.DataFrame,
    known_date: Any,
    newly_due: Collection[Any] | None,
    populations: Mapping[str, str | None],
    comparisons: Callable[[pd.DataFrame], Iterator[Comparison]],
    bootstrap: Callable[..., pd.DataFrame],
    baseline: str,
) -> pd.DataFrame:
    """Rows of every scope and population."""
    parts = []
    for scope, snapshot_date, rows in _scopes(frame, newly_due):
        for population, flag in populations.items():
            for comparison in comparisons(rows if flag is None else rows[rows[flag].astype(bool)]):
                for used, result in compare(comparison, bootstrap, baseline):
                    context: dict[str, Any] = {
                        "known_date": pd.Timestamp(known_date),
                        "snapshot_date": snapshot_date,
                        "scope": scope,
                        "snapshot_count": used["snapshot_date"].nunique(),
                        "population": population,
                        "row_count": len(used),
                    }
                    parts.append(result.assign(**context))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(EVALUATION_COLUMNS))
    table = table[list(EVALUATION_COLUMNS)].astype(_TYPES)
    return table.sort_values(_SORT, kind="stable", ignore_index=True)


def _scopes(frame: pd.DataFrame, newly_due: Collection[Any] | None) -> Iterator[tuple[str, pd.Timestamp, pd.DataFrame]]:
    """Each newly due snapshot alone, then all snapshots together under the newest one's date."""
    judged = frame["snapshot_date"]
    due = [judged.max()] if newly_due is None else sorted({pd.Timestamp(date) for date in newly_due})
    if frame.empty and newly_due is None:
        return
    for date in due:
        if not (judged == date).any():
            raise ValueError(f"the snapshot {date.date()} is newly due, but has no row in the frame")
        yield "snapshot", date, frame[judged == date]
    if due:
        yield "pooled", judged.max(), frame


def _checked(
    frame: pd.DataFrame, needed: Sequence[str], populations: Mapping[str, str | None], known_date: Any
) -> pd.DataFrame:
    """The needed columns, in the order of the grain, with real dates."""
    flags = [flag for flag in populations.values() if flag is not None]
    columns = list(dict.fromkeys(["snapshot_date", "customer_id", *flags, *needed]))
    if missing := [column for column in columns if column not in frame.columns]:
        raise ValueError(f"the frame to evaluate lacks the columns {', '.join(missing)}")
    checked = frame[columns].assign(snapshot_date=pd.to_datetime(frame["snapshot_date"]))
    for column in ("snapshot_date", "customer_id", *flags):
        if checked[column].isna().any():
            raise ValueError(f"{column} is missing in {int(checked[column].isna().sum())} rows")
    if (is_repeated := checked.duplicated(["snapshot_date", "customer_id"])).any():
        raise ValueError(f"{int(is_repeated.sum())} rows repeat a snapshot_date and customer_id")
    if (is_early := checked["snapshot_date"] >= pd.Timestamp(known_date)).any():
        raise ValueError(f"{int(is_early.sum())} rows judge a snapshot that is not before known_date {known_date}")
    return checked.sort_values(["snapshot_date", "customer_id"], ignore_index=True)


def _check_baseline(baseline: str, models: Collection[str], where: str = "") -> None:
    if baseline not in models:
        raise ValueError(f"the baseline {baseline!r} is not among the models{where}: {', '.join(models)}")
