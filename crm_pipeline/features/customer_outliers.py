"""Customers unlike the others, and in what: flags belong to a snapshot, for what is unusual changes.

A feature is unusual where its logarithm lies more than 3.5 robust standard deviations (median absolute deviations,
scaled) from the median of all customers who have any (Iglewicz and Hoaglin, 1993). An isolation forest finds customers
who are far out in several features at once, each perhaps within its range; the farthest feature is then named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.models.reason_words_zh import OUTLIERS
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.isolation import FittedIsolation, FloatArray

STREAM_BY = "customer_id"
LIMIT = 3.5

FEATURES: dict[str, dict[str, str]] = {
    "order_count": {"en": "Orders so far", "de": "Bestellungen bisher", "zh": OUTLIERS["order_count"]},
    "order_count_90d": {"en": "Orders in 90 days", "de": "Bestellungen in 90 Tagen", "zh": OUTLIERS["order_count_90d"]},
    "spend_amount": {"en": "Spend so far", "de": "Umsatz bisher", "zh": OUTLIERS["spend_amount"]},
    "spend_amount_90d": {"en": "Spend in 90 days", "de": "Umsatz in 90 Tagen", "zh": OUTLIERS["spend_amount_90d"]},
    "mean_basket_amount": {
        "en": "Mean order amount",
        "de": "Mittlerer Bestellwert",
        "zh": OUTLIERS["mean_basket_amount"],
    },
    "max_basket_amount": {
        "en": "Largest order amount",
        "de": "Größter Bestellwert",
        "zh": OUTLIERS["max_basket_amount"],
    },
    "mean_basket_line_count": {
        "en": "Lines per order",
        "de": "Zeilen je Bestellung",
        "zh": OUTLIERS["mean_basket_line_count"],
    },
    "product_count": {"en": "Different products", "de": "Verschiedene Produkte", "zh": OUTLIERS["product_count"]},
    "return_count": {"en": "Lines returned", "de": "Zurückgegebene Zeilen", "zh": OUTLIERS["return_count"]},
    "discount_share": {"en": "Share of discounts", "de": "Anteil der Rabatte", "zh": OUTLIERS["discount_share"]},
    "coupon_redemption_count": {
        "en": "Coupons redeemed",
        "de": "Eingelöste Gutscheine",
        "zh": OUTLIERS["coupon_redemption_count"],
    },
}
"""Feature and its name per language, in the order of the query."""
MAY_BE_NEGATIVE = ("spend_amount", "spend_amount_90d")

SENTENCE = {
    "en": "{name}: {value} (typical: {lower} to {upper})",
    "de": "{name}: {value} (typisch: {lower} bis {upper})",
    "zh": OUTLIERS["sentence"],
}

TABLE = Table(
    name="customer_outliers",
    description=(
        "One row per snapshot, customer who is unlike the others, and feature in which: by robust distance, "
        "or, where only the features together are unusual, the one farthest from its median."
    ),
    grain=("snapshot_date", "customer_id", "feature"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("feature", "varchar", "Column of `customer_features`."),
        Column("feature_rank", "integer", "1 for the customer's most unusual feature."),
        Column("feature_value", "double", "The customer's value of the feature."),
        Column("typical_lower", "double", f"Lower end of the typical range ({LIMIT} robust standard deviations)."),
        Column("typical_upper", "double", "Upper end of it."),
        Column("distance", "double", "Robust standard deviations from the median of the logarithms; signed."),
        Column("is_robust_outlier", "boolean", "Whether the value lies outside the typical range."),
        Column(
            "isolation_score",
            "double",
            "The customer's score of the isolation forest: 0.5 is ordinary, 1 is alone; null under 50 customers.",
            nullable=True,
        ),
        Column("is_isolated", "boolean", "Whether the forest sets the customer apart, all features together."),
        Column("reason", "varchar", "Feature, value and typical range in words, in the project's language."),
    ),
    rules=(
        "is_robust_outlier or is_isolated",
        f"is_robust_outlier = (abs(distance) > {LIMIT})",
        "feature_rank >= 1",
        "typical_lower <= typical_upper",
        "isolation_score is null or isolation_score between 0 and 1",
        "isolation_score is not null or not is_isolated",
        f"feature in ({', '.join(repr(name) for name in FEATURES)})",
    ),
    expectations=(
        Expectation("maximum", "feature_rank", maximum=len(FEATURES), severity="critical", why="one rank per feature"),
    ),
    owner="team:data-science",
)


def _matrix(rows: pd.DataFrame) -> FloatArray:
    """Robustly scaled features, shape (customers, features), clipped at 20; nothing bought or returned is typical."""
    import numpy as np

    distances = np.clip(rows["distance"].to_numpy(dtype=np.float64, na_value=0.0), -20.0, 20.0)
    matrix: FloatArray = np.nan_to_num(distances).reshape(-1, len(FEATURES))
    return matrix


def fit_sample(sample: pd.DataFrame) -> FittedIsolation | None:
    """The forest of the snapshot, from a sample of its customers."""
    from crm_pipeline.models.isolation import fit_isolation

    return fit_isolation(_matrix(sample))


def build(rows: pd.DataFrame, fitted: FittedIsolation | None, project: Project) -> pd.DataFrame:
    """The outliers among some customers.

    Args:
        rows: per customer_id one row for each of FEATURES in their order, with distance, center and spread.
        fitted: the forest, None where there are too few customers for one.
        project: gives the language of reasons.
    """
    import numpy as np
    import pandas as pd

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    matrix = _matrix(rows)
    scores = fitted.scores(matrix) if fitted is not None else np.full(len(matrix), np.nan)
    is_isolated = scores >= fitted.limit if fitted is not None else np.zeros(len(matrix), dtype=np.bool_)
    # nothing bought is typical; the first feature goes first among equals
    unusual = np.abs(np.nan_to_num(rows["distance"].to_numpy(dtype=np.float64, na_value=np.nan))).reshape(matrix.shape)
    ranks = np.argsort(np.argsort(-unusual, axis=1, kind="stable"), axis=1, kind="stable") + 1
    is_far = unusual > LIMIT
    has_reason = unusual > 0
    chosen = (is_far | (is_isolated[:, None] & (ranks == 1) & has_reason)).ravel()
    width = len(FEATURES)
    kept = ["snapshot_date", "customer_id", "feature", "feature_value", "distance"]
    found: pd.DataFrame = rows.loc[chosen, kept].reset_index(drop=True)
    center, spread = (rows.loc[chosen, name].to_numpy(dtype=np.float64) for name in ("center", "spread"))
    found["feature_rank"] = ranks.ravel()[chosen]
    lower, upper = (_unscaled(center + sign * LIMIT * spread) for sign in (-1, 1))
    may_be_negative = found["feature"].isin(MAY_BE_NEGATIVE).to_numpy()
    found["typical_lower"] = np.where(may_be_negative, lower, np.maximum(lower, 0.0))
    found["typical_upper"] = upper
    found["is_robust_outlier"] = is_far.ravel()[chosen]
    found["isolation_score"] = np.repeat(scores, width)[chosen]
    found["is_isolated"] = np.repeat(is_isolated, width)[chosen]
    found["reason"] = [
        reason(*given, project.language)
        for given in zip(
            found["feature"], found["feature_value"], found["typical_lower"], found["typical_upper"], strict=True
        )
    ]
    return found.reindex(columns=list(TABLE.column_names))


def _unscaled(values: FloatArray) -> Any:
    """Back from signed logarithms."""
    import numpy as np

    return np.sign(values) * np.expm1(np.abs(values))


def reason(feature: str, value: float, lower: float, upper: float, language: str) -> str:
    """The outlying feature in words."""
    name = FEATURES[feature][language]
    shown = {key: _shown(number, language) for key, number in (("value", value), ("lower", lower), ("upper", upper))}
    return SENTENCE[language].format(name=name, **shown)


def _shown(value: float, language: str) -> str:
    text = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text
