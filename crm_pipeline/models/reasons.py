"""Reasons for a churn score: which features moved it, as codes, and the codes in words.

A code is `<feature>:raises` or `<feature>:lowers`. Features that tell the same story (all windows of the spend, say)
form a family: within a family contributions of correlated features cancel, so that families are ranked, not features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_pipeline.models.reason_words import (
    DIRECTIONS,
    GENERIC,
    NAME_ENDS,
    NOT_PLAIN,
    SENTENCES,
    UNKNOWN,
    WHOLE,
    WINDOW,
    Sentence,
)

RAISES, LOWERS = "raises", "lowers"
LANGUAGES = tuple(sorted(DIRECTIONS))


@dataclass(frozen=True)
class _Ranked:
    """Per row and family, (n, families): summed contributions, and the position of the feature that stands for it."""

    sums: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    features: np.ndarray[tuple[int, int], np.dtype[np.int64]]


def family(feature: str) -> str:
    """The family a feature belongs to; an unknown feature is its own."""
    found = _sentence(feature)
    return found[0].family if found else feature


def top_reasons(contributions: pd.DataFrame, values: pd.DataFrame, k: int = 3) -> pd.DataFrame:
    """The k families that most explain why each score is above (or below) the average.

    Args:
        contributions: (n, features), in log-odds. values: (n, features), the feature values; same columns.
        k: number of reasons, at least 1.

    Returns:
        Same index, columns reason_i, reason_i_value, reason_i_share for i = 1..k. Families that pull the score where
        it went come first, strongest first; then those that held against it, weakest first. The code names the
        family's strongest plain feature in the family's own direction, and the value is that feature's; the share is
        the family's part of the sum of absolute family contributions. None, NaN and 0 where nothing contributes.

    Raises:
        ValueError: for k below 1, or columns that differ.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if list(contributions.columns) != list(values.columns):
        raise ValueError("contributions and values must have the same columns")
    parts = contributions.to_numpy(dtype=np.float64)
    ranked = _by_family(parts, list(contributions.columns))
    towards = np.where(parts.sum(axis=1) >= 0, 1.0, -1.0)[:, None]
    order = np.argsort(-towards * ranked.sums, axis=1, kind="stable")
    total = np.abs(ranked.sums).sum(axis=1)
    rows = np.arange(len(parts))
    names = np.array(contributions.columns, dtype=object)
    numbers = np.column_stack([values[c].to_numpy(dtype=np.float64, na_value=np.nan) for c in values])
    columns: dict[str, object] = {}
    for i in range(k):
        if i >= order.shape[1]:
            chosen, feature = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
        else:
            chosen, feature = ranked.sums[rows, order[:, i]], ranked.features[rows, order[:, i]]
        is_reason = chosen != 0
        codes = names[feature] + np.where(chosen > 0, f":{RAISES}", f":{LOWERS}").astype(object)
        columns[f"reason_{i + 1}"] = pd.Series(codes, index=values.index, dtype=object).where(is_reason, None)
        columns[f"reason_{i + 1}_value"] = np.where(is_reason, numbers[rows, feature], np.nan)
        columns[f"reason_{i + 1}_share"] = np.abs(chosen) / np.where(total > 0, total, 1.0)
    return pd.DataFrame(columns, index=values.index)


def reason_text(code: str, value: float | None, language: str = "en") -> str:
    """A reason code and the feature's value in words: 'Days since the last order: 45; raises the risk of leaving.'

    Features without a sentence of their own are named. Raises ValueError for an unknown language or a code that does
    not end in ':raises' or ':lowers'.
    """
    if language not in DIRECTIONS:
        raise ValueError(f"no words for language {language!r}; there are {', '.join(LANGUAGES)}")
    feature, _, direction = code.rpartition(":")
    if not feature or direction not in (RAISES, LOWERS):
        raise ValueError(f"{code!r} is not a reason code; it should read like 'days_since_last_order:raises'")
    is_known = value is not None and np.isfinite(value)
    found = _sentence(feature)
    if found and is_known:
        sentence, days = found
        window = WINDOW[language].format(days=days) if days else ""
        fact = sentence.words[language].format(
            value=_number(float(value or 0.0), sentence.unit, language), window=window
        )
    else:
        shown = _number(float(value or 0.0), "number", language) if is_known else UNKNOWN[language]
        fact = GENERIC[language].format(name=feature.replace("_", " "), value=shown)
    return WHOLE[language].format(fact=fact, direction=DIRECTIONS[language][direction])


def feature_name(feature: str, language: str = "en") -> str:
    """What a feature measures: its sentence without the value ("…" within it), or its name.

    Raises ValueError for an unknown language.
    """
    if language not in DIRECTIONS:
        raise ValueError(f"no words for language {language!r}; there are {', '.join(LANGUAGES)}")
    found = _sentence(feature)
    if found is None:
        return feature.replace("_", " ")
    sentence, days = found
    window = WINDOW[language].format(days=days) if days else ""
    head, _, tail = sentence.words[language].partition("{value}")
    says_first, says_after = head.format(window=window).rstrip(), tail.format(window=window).rstrip()
    if says_first.endswith(tuple(NAME_ENDS.strip())):
        return says_first.rstrip(NAME_ENDS)
    is_whole = bool(says_first) and tail in ("", "{window}")
    return says_first + says_after if is_whole else f"{head}…{tail}".format(window=window)


def _by_family(parts: np.ndarray[tuple[int, int], np.dtype[np.float64]], features: list[str]) -> _Ranked:
    families: dict[str, list[int]] = {}
    for position, feature in enumerate(features):
        families.setdefault(family(feature), []).append(position)
    sums, standing = [], []
    for members in families.values():
        own = parts[:, members]
        total = own.sum(axis=1)
        directed = np.where(total >= 0, 1.0, -1.0)[:, None] * own
        is_plain = np.array([not _is_opaque(features[position]) for position in members])
        speaks = directed * ((directed > 0) & is_plain)
        strongest = np.argmax(np.where(speaks.any(axis=1, keepdims=True), speaks, directed), axis=1)
        sums.append(total)
        standing.append(np.array(members)[strongest])
    return _Ranked(np.column_stack(sums), np.column_stack(standing))


def _is_opaque(feature: str) -> bool:
    return re.sub(r"_\d+d$", "", feature) in NOT_PLAIN


def _sentence(feature: str) -> tuple[Sentence, int | None] | None:
    """The first sentence whose pattern is the feature's name without its window, and the window in days."""
    window = re.search(r"_(\d+)d$", feature)
    stem = feature[: window.start()] if window else feature
    for sentence in SENTENCES:
        if sentence.feature in (stem, feature):
            return sentence, int(window.group(1)) if window and sentence.feature == stem else None
    return None


def _number(value: float, unit: str, language: str) -> str:
    """Whole numbers plainly, others with one digit (two below 10); shares in percent."""
    if unit == "share":
        text = f"{100 * value:.0f} %" if language == "de" else f"{100 * value:.0f}%"
    elif unit == "amount":
        text = f"{value:,.2f}"
    elif float(value).is_integer():
        text = f"{value:,.0f}"
    else:
        text = f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text
