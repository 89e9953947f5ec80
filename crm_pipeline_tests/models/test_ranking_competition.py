"""What orders new products: popularity where nothing else is known to be better, else what surely is."""

from __future__ import annotations

import numpy as np
import pytest

from crm_pipeline.models.ranking import FittedRanking, recommend, similarity_for
from crm_pipeline.models.ranking_candidates import BY_ALL_ORDERS, CandidateSettings
from crm_pipeline.models.ranking_competition import choose_new
from crm_pipeline.models.ranking_fitting import fit_ranking
from crm_pipeline.models.ranking_held_out import judged_snapshots
from crm_pipeline.models.ranking_new import LAMBDARANK, LOGISTIC, POPULARITY, NewScore, fit_new, popularity_list
from crm_pipeline.models.ranking_rows import TrainingRows
from crm_pipeline.models.ranking_trees import RankingTrees
from crm_pipeline_tests.models.ranking_shops import Line, grocery_lines, history, snapshot


def popular_lines(customers: int, seed: int) -> list[Line]:
    """Everyone tries what is popular with everyone, and comes back for two things; tastes say nothing of new ones."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, 121)
    lines: list[Line] = []
    for number in range(customers):
        name = f"c{number:04d}"
        tried = [f"p{product:03d}" for product in rng.choice(120, size=16, replace=False, p=share / share.sum())]
        rng.shuffle(tried)
        for usual, past in zip(tried[:2], tried[2:4], strict=True):
            lines += [(name, usual, day) for day in (40, 25, 10, -9)]
            lines += [(name, past, day) for day in (140, 130, 120, 110, 100, 95)]
        lines += [(name, product, int(rng.integers(1, 100))) for product in tried[4:10]]
        lines += [(name, product, -int(rng.integers(1, 29))) for product in tried[10:]]
    return lines


def rows_of(lines: list[Line]) -> TrainingRows:
    return TrainingRows.of(judged_snapshots([snapshot(lines)], CandidateSettings()), 100)


@pytest.fixture(scope="module")
def popular() -> FittedRanking:
    return fit_ranking([snapshot(popular_lines(240, seed=1))])


def test_where_purchases_follow_popularity_it_is_published(popular: FittedRanking) -> None:
    assert popular.method == "model" and popular.new_ranker == POPULARITY
    assert popular.new_why is not None and popular.metrics is not None
    assert popular.new_why.startswith("popularity, for nothing learned is surely better (NDCG@10 of new products")
    assert popular.metrics["new_logistic_improvement_lower"] <= 0
    assert popular.candidates.similar_count == 0 and popular.candidates.popular_by == BY_ALL_ORDERS


def test_lists_by_popularity_are_those_of_the_rule(popular: FittedRanking) -> None:
    known = history(popular_lines(90, seed=2))
    found = recommend(known, similarity_for(known, popular.candidates), popular)
    new = found[found["slot"] == "new"].sort_values(["customer_id", "slot_rank"], ignore_index=True)
    expected = popularity_list(known, 10).to_frame(known)
    assert new["product_id"].tolist() == expected["product_id"].tolist()
    assert set(new["source"]) == {"popular"}


def test_where_tastes_matter_a_learned_score_is_published() -> None:
    fitted = fit_ranking([snapshot(grocery_lines(400, seed=1))])
    assert fitted.new_ranker in (LOGISTIC, LAMBDARANK)
    assert fitted.metrics is not None and fitted.metrics["new_logistic_improvement_lower"] > 0
    assert fitted.candidates.similar_count > 0


def test_more_candidates_compete() -> None:
    """With two similar and two popular ones to choose from, a list of ten cannot be filled with what is liked."""
    lines = grocery_lines(400, seed=1)
    settings = CandidateSettings(similar_count=2, popular_count=2)
    rows = TrainingRows.of(judged_snapshots([snapshot(lines)], settings), 20)
    found = choose_new(rows, settings, 10)
    assert found.metrics["new_logistic_wide_improvement_lower"] > 0
    assert (found.candidates.similar_count, found.candidates.popular_count) == (4, 4)
    assert len(found.log_odds) == found.rows.is_new.sum() > rows.is_new.sum()


def test_popularity_stands_where_too_little_was_tried() -> None:
    lines = popular_lines(120, seed=3)
    known = {line[:2] for line in lines if line[2] > 0}
    lines = [line for line in lines if line[2] > 0 or line[:2] in known]
    found = choose_new(rows_of(lines), CandidateSettings(), 10)
    assert found.ranker == POPULARITY and found.candidates == CandidateSettings().by_popularity
    assert "too few" in found.why
    assert found.metrics == {}  # nobody bought anything new


def test_trees_learn_an_order_that_no_weights_give() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(1_500), 20)
    features = {"price": rng.normal(size=len(group)), "noise": rng.normal(size=len(group))}
    # bought are products of a middling price
    is_bought = rng.random(len(group)) < np.where(np.abs(features["price"]) < 0.5, 0.3, 0.02)
    log_odds = rng.normal(-2, 0.5, size=len(group))
    trees = RankingTrees.fit(features, is_bought, group, log_odds)
    says = np.isin(group, group[is_bought])
    found, log_odds_of_buyers = trees.log_odds(features)[says], log_odds[says]
    assert found.mean() == pytest.approx(log_odds_of_buyers.mean(), abs=0.03)
    assert found.std() == pytest.approx(log_odds_of_buyers.std(), rel=0.05)
    cheap, middling, dear = trees.log_odds({"price": np.array([-1.5, 0.0, 1.5]), "noise": np.zeros(3)})
    assert middling > max(cheap, dear) + 0.5
    assert RankingTrees.fit(features, is_bought, group, log_odds) == trees
    with pytest.raises(ValueError, match="not a LightGBM model"):
        RankingTrees("tree", ("price",), 0.0, 1.0).log_odds(features)


def test_lambdarank_is_the_mean_of_both_and_survives_storage() -> None:
    rows = rows_of(grocery_lines(240, seed=1))
    features = rows.new_features(LAMBDARANK)
    both = rows.fit_new(LAMBDARANK, features)
    assert both.trees is not None
    expected = (both.logistic.log_odds(features) + both.trees.log_odds(features)) / 2
    np.testing.assert_allclose(both.log_odds(features), expected)
    fitted = FittedRanking("model", "for a test", CandidateSettings(), rows.fit_own(), both, 0.0, None, "for a test")
    again = FittedRanking.from_json(fitted.to_json())
    assert again == fitted and again.new_ranker == LAMBDARANK
    candidates = rows.snapshots[0].candidates
    np.testing.assert_allclose(again.scores(candidates), fitted.scores(candidates))


def test_popularity_keeps_its_order_whatever_is_learned() -> None:
    orders = np.log(np.tile([0.1, 0.2, 0.4, 0.8], 100))
    features = {"product_orders": orders, "breadth": np.repeat([1.0, 2.0], 200)}
    found = fit_new(POPULARITY, features, orders < -2, np.repeat(np.arange(100), 4))  # only the least popular is bought
    assert isinstance(found, NewScore) and found.logistic.weights == {"product_orders": 1.0}
