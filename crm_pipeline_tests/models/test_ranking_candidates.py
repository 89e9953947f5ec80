"""Candidates: own, similar and popular products of little shops."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.models.item_similarity import fit_item_similarity
from crm_pipeline.models.ranking import similarity_for
from crm_pipeline.models.ranking_candidates import SOURCES, Candidates, CandidateSettings, Offered, generate_candidates
from crm_pipeline_tests.models.ranking_shops import Line, frames, history

# tea and milk go together; ale is popular lately, rye was long ago
LINES: list[Line] = [
    ("ada", "tea", 50),
    ("bob", "tea", 40),
    ("bob", "milk", 40),
    ("cyd", "tea", 60),
    ("cyd", "milk", 35),
    ("dan", "ale", 3),
    ("eve", "ale", 4),
    ("fay", "rye", 300),
    ("gus", "rye", 300),
    ("gus", "rye", 310),
]


def _found(candidates: Candidates, customer: str) -> dict[str, str]:
    known = candidates.history
    return {
        known.products["product_id"][product]: SOURCES[source]
        for person, product, source in zip(candidates.customer, candidates.product, candidates.source, strict=True)
        if known.customers["customer_id"][person] == customer
    }


def _candidates(lines: list[Line], **settings: int) -> Candidates:
    chosen = CandidateSettings(**{"min_customers": 1, **settings})
    known = history(lines)
    return generate_candidates(known, similarity_for(known, chosen), chosen)


def test_own_similar_and_popular() -> None:
    found = _candidates(LINES, popular_count=1)
    assert _found(found, "ada") == {"tea": "own", "milk": "similar", "ale": "popular"}
    # dan has the most popular one; rye is the most popular one that he never bought
    assert _found(found, "dan") == {"ale": "own", "rye": "popular"}
    # with three popular ones (ale 2 in 30 days, then by all orders: rye and tea 3 each)
    assert _found(_candidates(LINES, popular_count=3), "ada") == {
        "tea": "own",
        "milk": "similar",
        "ale": "popular",
        "rye": "popular",
    }


def test_similarity_is_the_mean_over_what_was_bought() -> None:
    found = _candidates(LINES, popular_count=1)
    frame = fit_item_similarity(frames(LINES)["interactions"], min_customers=1).to_frame()
    cosine = frame.set_index(["product_id", "other_product_id"])["similarity"][("tea", "milk")]
    assert found.similarity.tolist()[:3] == pytest.approx([0, cosine, 0])  # ada: ale, milk, tea


def test_own_products_beyond_the_limit_go_by_weight() -> None:
    lines: list[Line] = [("ada", "old", 200), ("ada", "old", 190), ("ada", "new", 9), ("ada", "mid", 185)]
    # old: 2 orders; new: 1 + 1 + 1 + 1/2; mid: 1
    assert _found(_candidates(lines, own_count=2, popular_count=1), "ada") == {"new": "own", "old": "own"}


def test_what_may_not_be_recommended_takes_no_place() -> None:
    known = history([("ada", "old", 200), ("ada", "old", 190), ("ada", "new", 9), ("ada", "mid", 185)])
    allowed = Offered(known.products["product_id"].to_numpy() != "new", Offered.everything(known).interactions)
    chosen = CandidateSettings(min_customers=1, own_count=2, popular_count=1)
    found = generate_candidates(known, similarity_for(known, chosen), chosen, allowed)
    assert _found(found, "ada") == {"mid": "own", "old": "own"}


def test_no_similarity_still_gives_popular() -> None:
    assert _found(_candidates(LINES, min_customers=50, popular_count=1), "ada") == {"tea": "own", "ale": "popular"}


def test_similarity_may_come_from_other_customers_and_products() -> None:
    known = history(LINES)
    other = [("x", "tea", 1), ("x", "gin", 1), ("x", "milk", 2)]
    similarity = fit_item_similarity(frames(other)["interactions"], min_customers=1)
    found = generate_candidates(known, similarity, CandidateSettings(min_customers=1, popular_count=1))
    assert _found(found, "ada") == {"tea": "own", "milk": "similar", "ale": "popular"}


@settings(max_examples=25)  # each builds a shop
@given(
    st.lists(st.tuples(st.sampled_from("wxyz"), st.sampled_from("abcdefgh"), st.integers(1, 60)), min_size=1),
    st.integers(1, 6),
)
def test_laws(lines: list[Line], popular_count: int) -> None:
    found = _candidates(lines, popular_count=popular_count)
    known = found.history
    keys = found.keys.tolist()
    assert keys == sorted(set(keys))
    assert (found.is_new == ~known.holds(found.customer, found.product)).all()
    assert ((found.source == 0) == ~found.is_new).all()
    for person in range(len(known.customers)):
        assert (found.customer == person).sum() >= min(popular_count, len(known.products))


def test_settings_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        CandidateSettings(own_count=0)
    with pytest.raises(ValueError, match="must not be negative"):
        CandidateSettings(similar_count=-1)
