"""Figures of merit of ranked lists."""

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from crm_pipeline.models.metrics import hit_rate_at_k, mrr_at_k, ndcg_at_k, precision_at_k, recall_at_k, weighted_mean

HITS = [
    [1, 0, 1],  # bought 4 items, 2 of them listed
    [0, 0, 1],  # bought 1, listed last
    [0, 0, 0],  # bought 2, none listed
    [0, 0, 0],  # bought nothing
]
BOUGHT = [4, 1, 2, 0]


def test_recall_by_hand():
    assert recall_at_k(HITS, BOUGHT, 3) == pytest.approx([2 / 4, 1, 0, math.nan], nan_ok=True)
    assert recall_at_k(HITS, BOUGHT, 2) == pytest.approx([1 / 4, 0, 0, math.nan], nan_ok=True)


def test_hit_rate_by_hand():
    assert hit_rate_at_k(HITS, BOUGHT, 3) == pytest.approx([1, 1, 0, math.nan], nan_ok=True)
    assert hit_rate_at_k(HITS, BOUGHT, 2) == pytest.approx([1, 0, 0, math.nan], nan_ok=True)


def test_reciprocal_rank_by_hand():
    assert mrr_at_k(HITS, BOUGHT, 3) == pytest.approx([1, 1 / 3, 0, math.nan], nan_ok=True)
    assert mrr_at_k(HITS, BOUGHT, 2) == pytest.approx([1, 0, 0, math.nan], nan_ok=True)
    assert mrr_at_k(np.zeros((1, 0)), [2], 10) == pytest.approx([0])


def test_precision_by_hand():
    assert precision_at_k(HITS, BOUGHT, 3) == pytest.approx([2 / 3, 1 / 3, 0, math.nan], nan_ok=True)
    assert precision_at_k([[1]], [2], 10) == pytest.approx([1 / 10])


def test_ndcg_by_hand():
    best = 1 + 1 / math.log2(3) + 1 / 2  # three hits
    expected = [(1 + 1 / 2) / best, 1 / 2, 0, math.nan]  # places 1 and 3; place 3 where place 1 was possible
    assert ndcg_at_k(HITS, BOUGHT, 3) == pytest.approx(expected, nan_ok=True)


def test_ndcg_agrees_with_scikit_learn():
    relevance = np.random.default_rng(4).integers(0, 2, (50, 12))
    relevance[:, 0] = 1
    scores = np.tile(np.arange(12, 0, -1), (50, 1))
    mean = weighted_mean(ndcg_at_k(relevance, relevance.sum(axis=1), 5))
    assert mean == pytest.approx(ndcg_score(relevance, scores, k=5))


def test_a_list_shorter_than_k_misses_the_rest():
    assert ndcg_at_k([[1]], [2], 10) == pytest.approx([1 / (1 + 1 / math.log2(3))])
    assert recall_at_k(np.zeros((1, 0)), [2], 10) == pytest.approx([0])


def test_mean_leaves_out_customers_who_bought_nothing():
    assert weighted_mean([0.5, math.nan, 1.0], [1, 5, 3]) == pytest.approx(3.5 / 4)
    assert math.isnan(weighted_mean([math.nan]))
    assert math.isnan(weighted_mean([]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 0]], [1], 0), "k must be at least 1"),
        (([[1, 0]], [1, 1], 1), r"hits has shape \(1, 2\)"),
        (([[2, 0]], [3], 1), "hits must be 0 or 1"),
        (([[1, 1]], [1], 1), "more hits than relevant items"),
        (([[1, 1]], [math.nan], 1), "relevant_count has 1 missing"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        recall_at_k(*arguments)


def test_bad_weights_are_named():
    with pytest.raises(ValueError, match="weights must not be negative"):
        weighted_mean([1.0], [-1])
    with pytest.raises(ValueError, match="values has shape"):
        weighted_mean([1.0], [1, 2])
