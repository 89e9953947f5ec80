"""Which lists are published: the mix where it proves better, else the rule, and why."""

import json
from datetime import date

import pandas as pd
import pytest

from crm_pipeline.contract.catalog import _source_of
from crm_pipeline.models.ranking import FittedRanking
from crm_pipeline.recommendations import customer_recommendations, purchase_rows, recommendation_model
from crm_pipeline_tests.kit import built_rows
from crm_pipeline_tests.recommendations.shop import orders_of, shop_lines, upstream


@pytest.fixture(scope="module")
def shop():
    lines = shop_lines()
    return upstream(lines, orders_of(lines))


def candidates_of(shop, day):
    model = shop["recommendation_model"]
    return model[model["snapshot_date"] == pd.Timestamp(day)].set_index("candidate")


def test_without_a_known_outcome_the_rule_is_published(shop):
    first = candidates_of(shop, "2024-03-01")
    assert first["is_champion"].to_dict() == {"GP-TopFreq": True, "mix": False}
    assert first["is_fallback"].all() and first["judged_date"].isna().all()
    assert first.loc["mix", "why"] == "GP-TopFreq is published, for only 0 of the 100 buyers needed are known."
    assert FittedRanking.from_json(first.loc["GP-TopFreq", "artifact"]).method == "rule"
    assert set(first["new_ranker"]) == {"popularity"} and first["new_why"].isna().all()


def test_a_mix_that_beats_the_rule_is_published(shop):
    second = candidates_of(shop, "2024-04-01")
    assert second["is_champion"].to_dict() == {"GP-TopFreq": False, "mix": True}
    assert set(second["judged_date"].dt.date) == {date(2024, 3, 1)}
    assert set(second["customer_count"]) == {240}
    assert second.loc["mix", "ndcg"] > second.loc["GP-TopFreq", "ndcg"]
    metrics = json.loads(second.loc["mix", "metrics"])
    assert metrics["ndcg_at_10"] == second.loc["mix", "ndcg"] and metrics["improvement_lower"] > 0
    assert second.loc["mix", "why"].startswith("The mix is published: ")
    assert FittedRanking.from_json(second.loc["mix", "artifact"]).method == "model"
    # what is bought in passing is never a favourite, however popular: the learned score sees it
    assert set(second["new_ranker"]) == {"logistic"}
    assert second.loc["mix", "new_why"].startswith("a logistic score, for it is surely better than what is simpler")


def test_what_is_bought_after_the_horizon_is_not_learned_from(shop):
    lines = shop["order_lines"].query("not ('2024-03-31' <= ordered_at < '2024-04-01')")
    popularity = shop["product_popularity"]
    again, whole = (
        built_rows(
            recommendation_model,
            snapshot_date="2024-04-01",
            order_lines=rows,
            orders=shop["orders"],
            product_popularity=popularity,
        )
        for rows in (lines, shop["order_lines"])
    )
    assert len(lines) < len(shop["order_lines"])
    assert again.equals(whole)


def test_without_customers_the_rule_is_published():
    rows = built_rows(recommendation_model, snapshot_date="2024-04-01")
    assert rows.set_index("candidate")["is_champion"].to_dict() == {"GP-TopFreq": True, "mix": False}


def test_the_length_of_the_lists_limits_what_is_judged(shop):
    rows = built_rows(
        recommendation_model,
        snapshot_date="2024-04-01",
        project={"recommendations": {"horizon_days": 30, "count": 3}},
        **{name: shop[name] for name in ("order_lines", "orders", "product_popularity")},
    )
    assert "ndcg_at_3" in json.loads(rows.set_index("candidate").loc["mix", "metrics"])


def test_helpers_belong_to_the_code_that_makes_a_table_stale():
    for module in (recommendation_model, customer_recommendations):
        assert str(purchase_rows.__doc__) in _source_of(module)
