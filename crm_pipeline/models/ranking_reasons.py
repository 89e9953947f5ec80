"""Why a product is on a customer's list: a code and its parameters, and words for them."""

from __future__ import annotations

from itertools import pairwise
from string import Formatter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crm_pipeline.models.item_similarity import FloatArray, IntArray
from crm_pipeline.models.ranking_candidates import SIMILAR, SOURCES, Candidates, columns_of, profile_weights
from crm_pipeline.models.ranking_features import usual_gap_days
from crm_pipeline.models.reason_words_zh import OFFERS

DUE_AGAIN, BOUGHT_OFTEN, BOUGHT_BEFORE, GOES_WITH, POPULAR_NOW = (
    "due_again",
    "bought_often",
    "bought_before",
    "goes_with",
    "popular_now",
)
REASONS = (DUE_AGAIN, BOUGHT_OFTEN, BOUGHT_BEFORE, GOES_WITH, POPULAR_NOW)
DUE_FROM, DUE_UNTIL = 0.8, 3.0
"""Multiples of the usual gap between which a product is called due; later it is rather given up."""
_PAIRS_PER_CHUNK = 2_000_000

WORDS = {
    "en": {
        DUE_AGAIN: "Due again: bought {order_count} times, about every {days_between_orders} days, "
        "last {days_since_last_ordered} days ago",
        BOUGHT_OFTEN: "Bought {order_count} times, last {days_since_last_ordered} days ago",
        BOUGHT_BEFORE: "Bought before, {days_since_last_ordered} days ago",
        GOES_WITH: "Goes with {related_product}, bought before",
        POPULAR_NOW: "Popular now: in {product_order_count_30d} orders of the last 30 days",
    },
    "de": {
        DUE_AGAIN: "Wieder fällig: {order_count}-mal gekauft, etwa alle {days_between_orders} Tage, "
        "zuletzt vor {days_since_last_ordered} Tagen",
        BOUGHT_OFTEN: "{order_count}-mal gekauft, zuletzt vor {days_since_last_ordered} Tagen",
        BOUGHT_BEFORE: "Schon gekauft, vor {days_since_last_ordered} Tagen",
        GOES_WITH: "Passt zu {related_product}, schon gekauft",
        POPULAR_NOW: "Gerade beliebt: in {product_order_count_30d} Bestellungen der letzten 30 Tage",
    },
    "zh": OFFERS,
}


def reason_columns(picks: Candidates) -> pd.DataFrame:
    """Reason code and parameters of the picked candidates, (n) rows in their order.

    Columns: reason (of REASONS); for own products order_count, days_between_orders (NaN when ordered once) and
    days_since_last_ordered; for similar ones related_product_id, the own product that speaks most for it; for the
    popular ones product_order_count_30d. The parameters of the other reasons are missing.
    """
    history, is_own = picks.history, ~picks.is_new
    is_similar = picks.source == SOURCES.index(SIMILAR)
    bought = history.interactions.take(picks.interaction[is_own])
    gap = np.full(len(is_own), np.nan)
    gap[is_own] = usual_gap_days(bought)
    count, since = _spread(bought["order_count"], is_own), _spread(bought["days_since_last_ordered"], is_own)
    recent = history.products["order_count_30d"].to_numpy(dtype=np.float64)[picks.product]
    reason = np.select(
        [is_own & (since >= DUE_FROM * gap) & (since <= DUE_UNTIL * gap), is_own & (count > 1), is_own, is_similar],
        [DUE_AGAIN, BOUGHT_OFTEN, BOUGHT_BEFORE, GOES_WITH],
        POPULAR_NOW,
    )
    related = np.full(len(is_own), -1, dtype=np.int64)
    related[is_similar] = related_products(picks.where(is_similar))
    return pd.DataFrame(
        {
            "reason": reason,
            "order_count": _whole(count),
            "days_between_orders": gap,
            "days_since_last_ordered": _whole(since),
            "related_product_id": pd.array(history.products["product_id"]).take(related, allow_fill=True),
            "product_order_count_30d": _whole(np.where(is_own | is_similar, np.nan, recent)),
        }
    )


def related_products(picks: Candidates) -> IntArray:
    """Per pick the customer's product that adds most to its similarity: position in the history's products, (n,)."""
    history, similarity = picks.history, picks.item_similarity
    if not len(picks.customer):
        return np.zeros(0, np.int64)
    column_of = columns_of(history, similarity)
    # dense, for it is as small as the similarity's products squared; the last row and column are of all others
    near = np.zeros((len(similarity.product_ids) + 1,) * 2, dtype=np.float32)
    near[:-1, :-1] = similarity.neighbours.toarray()
    weight = profile_weights(history.interactions).astype(np.float32)
    first, last = (np.searchsorted(history.customer, picks.customer, side=side) for side in ("left", "right"))
    related = np.full(len(picks.customer), -1, dtype=np.int64)
    ends = np.cumsum(last - first)
    chunks = np.searchsorted(ends, np.arange(0, int(ends[-1]) if len(ends) else 0, _PAIRS_PER_CHUNK), side="right")
    for start, stop in pairwise((*np.unique(chunks).tolist(), len(picks.customer))):
        # each pick beside every product of its customer
        counts = (last - first)[start:stop]
        pick = np.repeat(np.arange(stop - start), counts)
        row = np.arange(len(pick)) - np.repeat(np.cumsum(counts) - counts - first[start:stop], counts)
        towards = column_of[picks.product[start:stop]][pick]
        share = weight[row] * near[column_of[history.product[row]], towards]
        best = np.zeros(stop - start, dtype=np.float32)
        np.maximum.at(best, pick, share)
        # of equal ones the first: written backwards, it is the last to be written
        is_best = np.flatnonzero((share == best[pick]) & (share > 0))[::-1]
        related[start + pick[is_best]] = history.product[row[is_best]]
    return related


def reason_texts(reasons: pd.Series[str], parameters: pd.DataFrame, language: str = "en") -> pd.Series[str]:
    """Reasons in words, (n,) in the order and with the index of `reasons`.

    Args:
        reasons: codes of REASONS.
        parameters: (n) rows in the same order: order_count, days_between_orders, days_since_last_ordered,
            product_order_count_30d, and related_product, the name (or id) of the product it goes with. Numbers are
            rounded.
        language: of WORDS.

    Raises:
        ValueError: for an unknown reason or language, or a parameter that a reason needs and lacks.
    """
    codes = reasons.to_numpy(dtype=object)
    unknown = set(codes) - set(WORDS.get(language, ()))
    if unknown:
        raise ValueError(
            f"no words for reason {sorted(unknown)[0]!r} in language {language!r}; known are {REASONS}, {tuple(WORDS)}"
        )
    rows = [np.flatnonzero(codes == code) for code in REASONS]
    texts = [
        _filled_in(code, WORDS[language][code], parameters.iloc[at])
        for code, at in zip(REASONS, rows, strict=True)
        if len(at)
    ]
    if not texts:
        return pd.Series([], index=reasons.index, dtype="str")
    place = np.argsort(np.concatenate(rows))
    return pd.Series(pd.array(pa.concat_arrays(texts).take(pa.array(place)), dtype="str"), index=reasons.index)


def _filled_in(code: str, template: str, parameters: pd.DataFrame) -> pa.Array:
    """The template with the values of each row: (rows,) strings, made for all rows at once."""
    parts: list[Any] = []
    for text, name, *_ in Formatter().parse(template):
        parts.append(pa.scalar(text))
        if name is None:
            continue
        values = parameters[name]
        if values.isna().any():
            raise ValueError(f"reason {code!r} needs {name}")
        is_number = pd.api.types.is_numeric_dtype(values)
        given = np.rint(values.to_numpy(dtype=np.float64)).astype(np.int64) if is_number else values.astype("str")
        parts.append(pa.array(given).cast(pa.large_string()))
    # the separator comes last, and nothing stands between the parts
    filled = pc.binary_join_element_wise(*(part.cast(pa.large_string()) for part in (*parts, pa.scalar(""))))
    return filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled


def _spread(values: pd.Series, rows: npt.NDArray[np.bool_]) -> FloatArray:
    spread = np.full(len(rows), np.nan)
    spread[rows] = values.to_numpy(dtype=np.float64)
    return spread


def _whole(values: FloatArray) -> pd.Series:
    """Whole numbers, missing where NaN."""
    return pd.Series(values).astype("Int64")
