"""How suspicious an order is: rules with a strength each, and an isolation forest, combined into one score.

A rule's strength rises from 0 to 1 between two values of what it looks at. The score is 1 - prod(1 - weight x strength)
over the rules and the forest: one strong sign suffices, and several weak ones add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crm_pipeline.models.reason_words_zh import SIGNS

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.isolation import FittedIsolation

FloatArray = NDArray[np.float64]

FEWEST_ORDERS = 50
"""Below this nothing is usual yet, so nothing is unusual."""

UNUSUAL = "unusual_combination"
UNUSUAL_WEIGHT = 0.4


def ramp(values: FloatArray, low: float, high: float) -> FloatArray:
    """0 up to ``low``, 1 from ``high``, straight in between; 0 where missing. Shape as ``values``."""
    strengths: FloatArray = np.nan_to_num(np.clip((values - low) / (high - low), 0.0, 1.0), nan=0.0)
    return strengths


@dataclass(frozen=True)
class Rule:
    """One sign of a fraud. ``value``: the column that a reader is shown. ``weight``: the score of this sign alone."""

    code: str
    value: str
    weight: float
    strength: Callable[[pd.DataFrame], FloatArray]
    words: dict[str, str]


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    values: FloatArray = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _first_order(rows: pd.DataFrame) -> FloatArray:
    return np.nan_to_num(_column(rows, "is_first_order")) * ramp(_column(rows, "amount_distance"), 1.8, 3.0)


def _quick_return(rows: pd.DataFrame) -> FloatArray:
    return ramp(_column(rows, "returned_share"), 0.4, 0.9) * ramp(_column(rows, "amount_distance"), 0.3, 1.5)


RULES: tuple[Rule, ...] = (
    Rule(
        "amount",
        "net_amount",
        0.6,
        lambda rows: ramp(_column(rows, "amount_distance"), 2.5, 4.5),
        {
            "en": "Amount far beyond the shop's usual: {value}",
            "de": "Betrag weit über dem Üblichen: {value}",
            "zh": SIGNS["amount"],
        },
    ),
    Rule(
        "own_amount",
        "net_amount",
        0.8,
        lambda rows: (
            ramp(_column(rows, "own_amount_distance"), 3.0, 5.0) * ramp(_column(rows, "amount_distance"), 0.5, 1.5)
        ),
        {
            "en": "Amount far beyond the customer's own usual: {value}",
            "de": "Betrag weit über dem für den Kunden Üblichen: {value}",
            "zh": SIGNS["own_amount"],
        },
    ),
    Rule(
        "burst",
        "near_count",
        0.9,
        # two in ten minutes are a forgotten item, or a basket split over two coupons
        lambda rows: ramp(_column(rows, "near_count"), 2.0, 5.0),
        {
            "en": "Orders of the customer within ten minutes: {value}",
            "de": "Bestellungen in zehn Minuten: {value}",
            "zh": SIGNS["burst"],
        },
    ),
    Rule(
        "quantity",
        "max_quantity",
        0.9,
        lambda rows: ramp(_column(rows, "quantity_distance"), 4.0, 7.0),
        {
            "en": "Quantity far beyond the product's usual: {value}",
            "de": "Menge weit über dem Üblichen: {value}",
            "zh": SIGNS["quantity"],
        },
    ),
    Rule(
        "quick_return",
        "returned_share",
        0.9,
        _quick_return,
        {
            "en": "High value returned within two days: {value} of it",
            "de": "Hoher Wert binnen zwei Tagen zurückgegeben: {value} davon",
            "zh": SIGNS["quick_return"],
        },
    ),
    Rule(
        "first_order",
        "net_amount",
        0.8,
        _first_order,
        {
            "en": "Very large first order: {value}",
            "de": "Sehr große erste Bestellung: {value}",
            "zh": SIGNS["first_order"],
        },
    ),
    Rule(
        "discount",
        "discount_share",
        0.9,
        lambda rows: (
            ramp(_column(rows, "discount_distance"), 3.0, 5.0) * ramp(_column(rows, "discount_share"), 0.4, 0.7)
        ),
        {
            "en": "Share of discounts far beyond the usual: {value}",
            "de": "Rabattanteil weit über dem Üblichen: {value}",
            "zh": SIGNS["discount"],
        },
    ),
    Rule(
        "ring",
        "alike_count",
        0.9,
        lambda rows: ramp(_column(rows, "alike_ratio"), 2.0, 5.0),
        {
            "en": "Customers with the same basket within ten minutes: {value}",
            "de": "Kunden mit demselben Warenkorb in zehn Minuten: {value}",
            "zh": SIGNS["ring"],
        },
    ),
)
SHARES = ("returned_share", "discount_share")
UNUSUAL_WORDS = {
    "en": "Unusual combination of amount, quantity, discount and timing",
    "de": "Ungewöhnliche Verbindung von Betrag, Menge, Rabatt und Zeitpunkt",
    "zh": SIGNS["unusual_combination"],
}
CODES = (*(rule.code for rule in RULES), UNUSUAL)


def order_matrix(rows: pd.DataFrame) -> FloatArray:
    """What the forest sees of each order, shape (orders, 9), clipped; what is not known is ordinary."""
    missing_is_ordinary = [
        np.nan_to_num(np.clip(_column(rows, name), -10.0, 10.0))
        for name in ("amount_distance", "own_amount_distance", "quantity_distance", "discount_distance")
    ]
    return np.column_stack(
        [
            *missing_is_ordinary,
            np.log1p(_column(rows, "line_count")),
            np.log(np.maximum(np.nan_to_num(_column(rows, "near_count"), nan=1.0), 1.0)),
            np.log(np.maximum(np.nan_to_num(_column(rows, "alike_ratio"), nan=1.0), 1.0)),
            np.nan_to_num(_column(rows, "returned_share")),
            np.nan_to_num(_column(rows, "is_first_order")),
        ]
    )


def strengths_of(rows: pd.DataFrame, fitted: FittedIsolation | None) -> FloatArray:
    """Weighted strengths, shape (orders, rules and forest), in the order of CODES."""
    columns: list[FloatArray] = [rule.weight * rule.strength(rows) for rule in RULES]
    forest = fitted.strengths(order_matrix(rows)) if fitted is not None else np.zeros(len(rows))
    return np.column_stack([*columns, UNUSUAL_WEIGHT * forest])


def combined(strengths: FloatArray) -> FloatArray:
    """The score in [0, 1], shape (orders,)."""
    scores: FloatArray = 1.0 - np.prod(1.0 - strengths, axis=1)
    return scores


def reason_words(code: str, value: float | None, language: str) -> str:
    """A sign in words."""
    if code == UNUSUAL:
        return UNUSUAL_WORDS[language]
    rule = next(rule for rule in RULES if rule.code == code)
    return rule.words[language].format(value=_shown(value, rule.value, language))


def _shown(value: float | None, column: str, language: str) -> str:
    if value is None or np.isnan(value):
        return "?"
    text = f"{100 * value:.0f} %" if column in SHARES else f"{value:,.2f}".removesuffix(".00")
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def values_of(rows: pd.DataFrame, codes: Sequence[str]) -> FloatArray:
    """What a reader is shown for each code, shape (orders, codes); NaN for the forest."""
    by_code = {rule.code: rule.value for rule in RULES}
    return np.column_stack(
        [_column(rows, by_code[code]) if code in by_code else np.full(len(rows), np.nan) for code in codes]
    )
