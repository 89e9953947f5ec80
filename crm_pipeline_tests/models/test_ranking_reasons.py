"""Reasons: codes, parameters, words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.ranking import similarity_for
from crm_pipeline.models.ranking_candidates import CandidateSettings, generate_candidates
from crm_pipeline.models.ranking_reasons import REASONS, WORDS, reason_columns, reason_texts
from crm_pipeline_tests.models.ranking_shops import Line, history

LINES: list[Line] = [
    *[("ada", "tea", day) for day in (50, 30, 10)],  # every 20 days, last 10 ago: not due
    *[("ada", "rye", day) for day in (50, 40, 30)],  # every 10 days, last 30 ago: due, just
    *[("ada", "fig", day) for day in (90, 89)],  # every day, last 89 ago: given up
    ("ada", "oat", 10),
    *[(name, product, 40) for name in ("bob", "cyd") for product in ("tea", "milk")],
    ("cyd", "oat", 40),
    *[(name, "ale", day) for name in ("dan", "eve") for day in (2, 3)],
]
SETTINGS = CandidateSettings(min_customers=1, popular_count=1)


def test_codes_and_parameters() -> None:
    known = history(LINES)
    candidates = generate_candidates(known, similarity_for(known, SETTINGS), SETTINGS)
    ada = candidates.where(candidates.customer == 0)
    found = reason_columns(ada)
    found.insert(0, "product_id", known.products["product_id"].to_numpy()[ada.product])
    rows = found.set_index("product_id")
    assert rows["reason"].to_dict() == {
        "ale": "popular_now",
        "fig": "bought_often",
        "milk": "goes_with",
        "oat": "bought_before",
        "rye": "due_again",
        "tea": "bought_often",
    }
    assert rows.loc["rye", ["order_count", "days_between_orders", "days_since_last_ordered"]].tolist() == [3, 10, 30]
    assert np.isnan(rows.loc["oat", "days_between_orders"])
    # tea was bought by both who bought milk and by ada more often than oat
    assert rows["related_product_id"].dropna().to_dict() == {"milk": "tea"}
    assert rows["product_order_count_30d"].dropna().to_dict() == {"ale": 4}
    assert rows["order_count"].isna().to_dict()["ale"]


def _parameters(**given: Any) -> pd.DataFrame:
    """One row of parameters for each code."""
    known = {
        "order_count": 5,
        "days_between_orders": 13.6,
        "days_since_last_ordered": 12,
        "related_product": "tea",
        "product_order_count_30d": 70,
    }
    return pd.DataFrame([known | given] * len(REASONS))


def test_words_in_every_language() -> None:
    assert (
        reason_texts(pd.Series(["due_again"]), _parameters().iloc[:1])[0]
        == "Due again: bought 5 times, about every 14 days, last 12 days ago"
    )
    for language in WORDS:
        texts = reason_texts(pd.Series(REASONS), _parameters(), language)
        assert texts.nunique() == len(REASONS)
        assert not texts.str.contains(r"\{|None|nan").any()


def test_words_keep_the_order_and_the_index() -> None:
    codes = pd.Series(["goes_with", "popular_now", "goes_with"], index=[5, 6, 7])
    named = pd.DataFrame({"related_product": ["Green tea", None, "Rum"], "product_order_count_30d": [None, 4, None]})
    assert reason_texts(codes, named).to_dict() == {
        5: "Goes with Green tea, bought before",
        6: "Popular now: in 4 orders of the last 30 days",
        7: "Goes with Rum, bought before",
    }
    assert reason_texts(codes[:0], named[:0]).empty


def test_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="no words for reason 'why'"):
        reason_texts(pd.Series(["why"]), _parameters().iloc[:1])
    with pytest.raises(ValueError, match="'goes_with' needs related_product"):
        reason_texts(pd.Series(["goes_with"]), _parameters(related_product=None).iloc[:1])
