"""Grades of published models, and the gate that a model must pass to be published.

Both rest on the lower bound of the paired improvement over the baseline, on outcomes that were not known when the
model was fitted. The grade sets that bound against the room that the baseline leaves up to a perfect prediction:

    A  at least a fifth of the room     B  at least a tenth     C  above 0     D  not above 0, or unknown

From few customers, or few outcomes of either kind, there is no grade above D: a handful that happened to be guessed
right shows nothing. No prediction of people is perfect, so A is rare; the letters rank models of one kind, they do
not compare kinds.
The words of `why` follow from the code and the numbers, which stand beside them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crm_pipeline.models.metrics import Metric

Letter = Literal["A", "B", "C", "D"]
GateCode = Literal["beats_baseline", "does_not_beat_baseline", "not_enough_data", "is_baseline"]

GRADE_THRESHOLDS: tuple[tuple[Letter, float], ...] = (("A", 0.20), ("B", 0.10))
"""Least share of the room for a letter; what is above 0 but below all of them is a C."""

MINIMUM_ROWS = 100
"""Judged rows below which the gate stays shut: percentile intervals of small samples are too short."""


@dataclass(frozen=True)
class Grade:
    """A letter, the share of the baseline's room that the model surely gains (NaN if unknown), and why."""

    letter: Letter
    share_of_room: float
    why: str


@dataclass(frozen=True)
class Gate:
    """Whether a model may be published, what to publish, and why: as a code and in words."""

    passes: bool
    published_model: str
    code: GateCode
    why: str


def grade(
    metric: Metric,
    *,
    model: str,
    baseline: str,
    baseline_value: float,
    improvement: float,
    improvement_lower: float,
    lacking: str = "",
) -> Grade:
    """Grade a model from one row of an evaluation; the arguments are named like its columns.

    The baseline's own row, an unknown bound, and evidence that is `lacking`, in words, give D. Raises ValueError when
    the improvement cannot be set against a room: the metric has no perfect value (lift), or a perfect baseline is said
    to have been beaten.
    """
    if model == baseline:
        return Grade("D", 0.0, f"D: {baseline} is the baseline rule itself.")
    if lacking:
        return Grade("D", math.nan, f"D: too little is known to say whether {model} beats {baseline}: {lacking}.")
    if not math.isfinite(improvement_lower):
        return Grade("D", math.nan, f"D: too few known outcomes to say whether {model} beats {baseline}.")
    share = _share_of_room(metric, baseline_value, improvement_lower)
    gain = f"its improvement of {improvement:.3g} in {metric.name} could be as low as {improvement_lower:.3g}"
    if improvement_lower <= 0:
        return Grade("D", share, f"D: {model} does not surely beat {baseline}; {gain}.")
    letter: Letter = next((name for name, least in GRADE_THRESHOLDS if share >= least), "C")
    room = f"{share:.1%} of the room that {baseline} leaves at {baseline_value:.3g}"
    return Grade(letter, share, f"{letter}: {model} beats {baseline}; {gain}, {room}.")


def passes_gate(
    metric: Metric,
    *,
    model: str,
    baseline: str,
    improvement: float,
    improvement_lower: float,
    row_count: int,
    minimum_rows: int = MINIMUM_ROWS,
) -> Gate:
    """Decide from one row of an evaluation on held-out known outcomes whether to publish a model or the baseline.

    A model passes when at least `minimum_rows` rows were judged and the lower bound of its improvement over the
    baseline is above 0. The row must be of the model chosen beforehand: choosing the best of many on these same rows
    would let chance through. Raises ValueError for a negative row_count.
    """
    if row_count < 0:
        raise ValueError(f"row_count must not be negative, but is {row_count}")
    if model == baseline:
        return Gate(False, baseline, "is_baseline", f"{baseline} is published: it is the baseline rule itself.")
    if row_count < minimum_rows or not math.isfinite(improvement_lower):
        why = (
            f"{baseline} is published instead of {model}: {row_count} known outcomes to judge by are too few "
            f"(at least {minimum_rows}, with an interval for {metric.name}, are needed)."
        )
        return Gate(False, baseline, "not_enough_data", why)
    evidence = (
        f"on {row_count} known outcomes its improvement in {metric.name} is {improvement:.3g}, "
        f"and could be as low as {improvement_lower:.3g}"
    )
    if improvement_lower <= 0:
        why = f"{baseline} is published instead of {model}, which does not surely beat it: {evidence}."
        return Gate(False, baseline, "does_not_beat_baseline", why)
    return Gate(True, model, "beats_baseline", f"{model} is published: {evidence}, above {baseline}.")


def _share_of_room(metric: Metric, baseline_value: float, improvement: float) -> float:
    """Improvement over (goodness of a perfect prediction less that of the baseline)."""
    if metric.perfect is None:
        raise ValueError(f"{metric.name} cannot be graded: its perfect value depends on the data")
    perfect, reached = metric.goodness(np.array([metric.perfect, baseline_value]))
    room = float(perfect - reached)
    if room > 0:
        return float(improvement / room)
    if improvement > 0:
        raise ValueError(f"{metric.name}: an improvement of {improvement:g} over a baseline that is already perfect")
    return math.nan
