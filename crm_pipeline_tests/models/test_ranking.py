"""Fitting and ranking: what must be learned, what must not, and the laws of the lists."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.purchase_history import PurchaseHistory, TrainingSnapshot
from crm_pipeline.models.ranking import FittedRanking, rank, recommend, similarity_for
from crm_pipeline.models.ranking_baselines import baseline_rankings
from crm_pipeline.models.ranking_candidates import CandidateSettings, generate_candidates
from crm_pipeline.models.ranking_evaluation import ranking_values
from crm_pipeline.models.ranking_fitting import FitSettings, fit_ranking
from crm_pipeline.models.ranking_score import LogisticScore, fit_score, popularity_score
from crm_pipeline_tests.models.ranking_shops import Line, frames, grocery_lines, history, purchases, snapshot

TRAINING, LATER = grocery_lines(240, seed=1), grocery_lines(240, seed=2)


@pytest.fixture(scope="module")
def fitted() -> FittedRanking:
    return fit_ranking([snapshot(TRAINING)])


def _lists(lines: list[Line], fitted: FittedRanking, k: int = 10) -> pd.DataFrame:
    known = history(lines)
    return recommend(known, similarity_for(known, fitted.candidates), fitted, k)


def test_learns_what_the_rule_misses(fitted: FittedRanking) -> None:
    assert fitted.method == "model"
    assert fitted.metrics is not None
    assert fitted.metrics["improvement_lower"] > 0
    known, bought = history(LATER), purchases(LATER)
    of_model = ranking_values(_lists(LATER, fitted), bought)
    of_rule = ranking_values(baseline_rankings(known)["GP-TopFreq"], bought)
    # four products that were ordered most often are never ordered again: the rule puts them first
    assert of_model["ndcg_at_10"].mean() > of_rule["ndcg_at_10"].mean() + 0.2
    assert of_model["recall_at_10"].mean() > of_rule["recall_at_10"].mean()
    # the mean of the figures on customers left out is what later customers get
    assert of_model["ndcg_at_10"].mean() == pytest.approx(fitted.metrics["ndcg_at_10"], abs=0.05)


def test_keeps_the_rule_when_nothing_can_be_learned() -> None:
    lines = grocery_lines(240, seed=3, is_random=True)
    found = fit_ranking([snapshot(lines)], FitSettings(min_customers=1_000))
    assert found.method == "rule"
    assert found.why == "GP-TopFreq, for only 240 of the 1000 buyers needed are known"
    assert fit_ranking([]).why == "GP-TopFreq, for only 0 of the 100 buyers needed are known"
    silent = TrainingSnapshot(history(lines), purchases(lines).iloc[:0])
    assert fit_ranking([silent]).method == "rule"
    strangers = purchases(lines).assign(product_id="never seen before").drop_duplicates()
    assert "too few" in fit_ranking([TrainingSnapshot(history(lines), strangers)]).why


def test_keeps_the_rule_when_the_blend_is_not_surely_better() -> None:
    # what follows is the most ordered products, exactly: nothing beats the rule
    lines = grocery_lines(150, seed=4)
    known = history(lines)
    rows = baseline_rankings(known)["P-TopFreq"]
    bought = rows[rows["rank"] <= 4][["customer_id", "product_id"]].assign(is_repeat=True)
    found = fit_ranking([TrainingSnapshot(known, bought)])
    assert found.method == "rule"
    assert "not surely better" in found.why
    assert found.metrics is not None
    assert found.metrics["baseline_recall_at_10"] == 1


def test_the_rule_is_the_baseline() -> None:
    known = history(LATER)
    rule = fit_ranking([])
    found = recommend(known, similarity_for(known, rule.candidates), rule, 10)
    expected = baseline_rankings(known)["P-TopFreq"]
    own = found[found["slot"] == "usual"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        own[["customer_id", "rank", "product_id"]], expected[["customer_id", "rank", "product_id"]]
    )


def test_everyone_gets_k_rows_in_order(fitted: FittedRanking) -> None:
    found = _lists(LATER, fitted)
    mixes = found[found["rank"] <= 10]
    assert mixes.groupby("customer_id")["rank"].apply(list).map(lambda ranks: ranks == list(range(1, 11))).all()
    assert not found.duplicated(["customer_id", "product_id"]).any()
    assert (found.groupby("customer_id")["score"].diff().fillna(0) <= 0).all()
    assert found["score"].between(0, 1).all()
    assert ((found["slot"] == "usual") == (found["source"] == "own")).all()
    known = set(map(tuple, frames(LATER)["interactions"][["customer_id", "product_id"]].to_numpy()))
    pairs = zip(found["customer_id"], found["product_id"], strict=True)
    assert [(pair in known) for pair in pairs] == (found["slot"] == "usual").tolist()


def test_a_customer_without_purchases_gets_popular_products(fitted: FittedRanking) -> None:
    given = frames(LATER)
    nobody = given["customers"].iloc[:1].assign(customer_id="zoe", order_count=0, order_count_30d=0)
    known = PurchaseHistory.from_frames(**given | {"customers": pd.concat([given["customers"], nobody])})
    found = recommend(known, similarity_for(known, fitted.candidates), fitted)
    assert found.loc[found["customer_id"] == "zoe", "source"].tolist() == ["popular"] * 10


def test_slots_apart(fitted: FittedRanking) -> None:
    known = history(LATER)
    candidates = generate_candidates(known, similarity_for(known, fitted.candidates), fitted.candidates)
    found = rank(candidates, fitted, 5)
    for slot in ("new", "usual"):
        mine = found[found["slot"] == slot]
        assert mine.groupby("customer_id")["slot_rank"].apply(list).map(lambda places: places == [1, 2, 3, 4, 5]).all()
        assert (mine.groupby("customer_id")["rank"].diff().dropna() > 0).all()
    longer = rank(candidates, fitted, 10)
    pd.testing.assert_frame_equal(
        found[found["rank"] <= 5].reset_index(drop=True).drop(columns="slot_rank"),
        longer[longer["rank"] <= 5].reset_index(drop=True).drop(columns="slot_rank"),
    )
    with pytest.raises(ValueError, match="k must be at least 1"):
        rank(candidates, fitted, 0)


def test_batches_and_order_of_rows_are_no_input(fitted: FittedRanking) -> None:
    known = history(LATER)
    similarity = similarity_for(known, fitted.candidates)
    whole = recommend(known, similarity, fitted)
    parts = pd.concat([recommend(part, similarity, fitted) for part in known.batches(77)], ignore_index=True)
    pd.testing.assert_frame_equal(whole, parts)
    shuffled = {name: frame.sample(frac=1, random_state=5) for name, frame in frames(TRAINING).items()}
    again = fit_ranking([TrainingSnapshot(PurchaseHistory.from_frames(**shuffled), purchases(TRAINING).iloc[::-1])])
    assert again.to_json() == fitted.to_json()


def test_json_gives_the_same_ranking(fitted: FittedRanking) -> None:
    text = fitted.to_json()
    assert len(text) < 5_000
    again = FittedRanking.from_json(text)
    assert again == fitted
    pd.testing.assert_frame_equal(_lists(LATER, again), _lists(LATER, fitted))
    rule = fit_ranking([])
    assert FittedRanking.from_json(rule.to_json()) == rule
    with pytest.raises(ValueError, match="not a ranking in the format"):
        FittedRanking.from_json('{"format": "segments/1"}')


def test_integer_ids_work(fitted: FittedRanking) -> None:
    given = frames(LATER)
    for frame in given.values():
        for column in frame.columns.intersection(["customer_id", "product_id"]):
            frame[column] = frame[column].str[1:].astype("int64")
    known = PurchaseHistory.from_frames(**given)
    found = recommend(known, similarity_for(known, fitted.candidates), fitted)
    expected = _lists(LATER, fitted)
    assert found["product_id"].tolist() == expected["product_id"].str[1:].astype("int64").tolist()


def test_too_few_products_give_short_lists(fitted: FittedRanking) -> None:
    found = _lists([("ada", "tea", 3), ("bob", "ale", 4)], fitted)
    assert found.groupby("customer_id").size().to_dict() == {"ada": 2, "bob": 2}


def test_small_shops_need_no_similarity() -> None:
    settings = FitSettings(candidates=CandidateSettings(min_customers=10_000))
    assert fit_ranking([snapshot(TRAINING)], settings).method == "model"


def test_scores_recover_known_weights() -> None:
    rng = np.random.default_rng(0)
    features = {"a": rng.normal(size=40_000), "b": rng.normal(2, 3, size=40_000), "constant": np.ones(40_000)}
    log_odds = -1 + 0.8 * features["a"] - 0.4 * features["b"]
    found = fit_score(features, rng.random(40_000) < 1 / (1 + np.exp(-log_odds)))
    assert found.weights["a"] == pytest.approx(0.8, abs=0.05)
    assert found.weights["b"] == pytest.approx(-0.4, abs=0.02)
    assert found.intercept == pytest.approx(-1, abs=0.08)
    with pytest.raises(ValueError, match="bought and candidates that were not"):
        fit_score(features, np.zeros(40_000, dtype=np.bool_))


def test_popularity_stands_in() -> None:
    share = {"product_orders": np.log(np.array([0.1, 0.2, 0.4]))}
    found = popularity_score(share, np.array([False, False, True]))
    odds = np.exp(found.log_odds(share))
    assert odds[1] / odds[0] == pytest.approx(2)
    with pytest.raises(ValueError, match="needs the features \\['gap'\\]"):
        LogisticScore({"gap": 1.0}, 0.0).log_odds(share)
