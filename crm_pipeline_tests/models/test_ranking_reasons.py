"""Reasons: codes, parameters, words."""

from __future__ import annotations

import numpy as np
import pytest

from crm_pipeline.models.ranking import similarity_for
from crm_pipeline.models.ranking_candidates import CandidateSettings, generate_candidates
from crm_pipeline.models.ranking_reasons import REASONS, WORDS, reason_columns, reason_text
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


def test_words_in_every_language() -> None:
    given = {
        "order_count": 5,
        "days_between_orders": 13.6,
        "days_since_last_ordered": 12,
        "related_product": "tea",
        "product_order_count_30d": 70,
    }
    assert (
        reason_text("due_again", **given)  # type: ignore[arg-type]
        == "Due again: bought 5 times, about every 14 days, last 12 days ago"
    )
    for language in WORDS:
        texts = [reason_text(reason, language=language, **given) for reason in REASONS]  # type: ignore[arg-type]
        assert len(set(texts)) == len(REASONS)
        assert not any("{" in text or "None" in text for text in texts)


def test_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="no words for reason 'why'"):
        reason_text("why")
    with pytest.raises(ValueError, match="needs \\['related_product'\\]"):
        reason_text("goes_with", related_product=float("nan"))
