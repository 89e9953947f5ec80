"""Lists by hand under the rule, and the laws that every list keeps."""

import pytest

from crm_pipeline.recommendations import customer_recommendations
from crm_pipeline.warehouse import candidate
from crm_pipeline_tests.kit import assert_builds, built_rows
from crm_pipeline_tests.recommendations.shop import orders_of, shop_lines, upstream

DAY = "2024-04-01"
LINES = """order_id, customer_id, product_id, ordered_at, quantity
           o1,       ada,         tea,        2024-03-02, 1
           o2,       ada,         tea,        2024-03-12, 1
           o3,       ada,         tea,        2024-03-22, 1
           o3,       ada,         cake,       2024-03-22, 1
           o4,       bob,         rum,        2024-03-30, 1
           o5,       cyd,         rum,        2024-03-29, 1"""
ORDERS = """order_id, customer_id, ordered_at, line_count
            o1,       ada,         2024-03-02, 1
            o2,       ada,         2024-03-12, 1
            o3,       ada,         2024-03-22, 2
            o4,       bob,         2024-03-30, 1
            o5,       cyd,         2024-03-29, 1
            o6,       eve,         2024-03-01, 0   -- an order without lines"""


def test_the_rule_by_hand():
    assert_builds(
        customer_recommendations,
        snapshot_date=DAY,
        project={"recommendations": {"horizon_days": 30, "count": 2}},
        **upstream(LINES, ORDERS, (DAY,)),
        # ada's mix of two is tea and cake; rum is her best new product
        expected="""customer_id, rank, product_id, slot,  slot_rank, source,  reason_code,   order_count, days_between_orders, days_since_last_ordered, product_order_count_30d, model,      is_fallback
                    ada,         1,    tea,        usual, 1,         own,     due_again,     3,           10,                  10,                      ,                        GP-TopFreq, true
                    ada,         2,    cake,       usual, 2,         own,     bought_before, 1,           ,                    10,                      ,                        GP-TopFreq, true
                    ada,         3,    rum,        new,   1,         popular, popular_now,   ,            ,                    ,                        2,                       GP-TopFreq, true
                    bob,         1,    rum,        usual, 1,         own,     bought_before, 1,           ,                    2,                       ,                        GP-TopFreq, true
                    bob,         2,    tea,        new,   1,         popular, popular_now,   ,            ,                    ,                        3,                       GP-TopFreq, true
                    bob,         3,    cake,       new,   2,         popular, popular_now,   ,            ,                    ,                        1,                       GP-TopFreq, true
                    cyd,         1,    rum,        usual, 1,         own,     bought_before, 1,           ,                    3,                       ,                        GP-TopFreq, true
                    cyd,         2,    tea,        new,   1,         popular, popular_now,   ,            ,                    ,                        3,                       GP-TopFreq, true
                    cyd,         3,    cake,       new,   2,         popular, popular_now,   ,            ,                    ,                        1,                       GP-TopFreq, true
                    eve,         1,    tea,        new,   1,         popular, popular_now,   ,            ,                    ,                        3,                       GP-TopFreq, true
                    eve,         2,    rum,        new,   2,         popular, popular_now,   ,            ,                    ,                        2,                       GP-TopFreq, true""",  # noqa: E501
    )


def test_reasons_speak_the_language_of_the_project():
    given = upstream(LINES, ORDERS, (DAY,))
    english, german = (
        built_rows(customer_recommendations, snapshot_date=DAY, project={"language": language}, **given)["reason"][0]
        for language in ("en", "de")
    )
    assert english == "Due again: bought 3 times, about every 10 days, last 10 days ago"
    assert german.startswith("Wieder fällig: 3-mal gekauft")


def test_without_products_or_customers_there_are_no_lists():
    assert built_rows(customer_recommendations, snapshot_date=DAY).empty
    only_header = "order_id, customer_id, ordered_at, line_count\no1, ada, 2024-03-01, 0"
    given = upstream("order_id, customer_id, product_id, ordered_at\n", only_header, (DAY,))
    assert built_rows(customer_recommendations, snapshot_date=DAY, **given).empty


@pytest.fixture(scope="module")
def shop():
    lines = shop_lines()
    return upstream(lines, orders_of(lines))


@pytest.fixture(scope="module")
def lists(shop):
    return built_rows(customer_recommendations, snapshot_date=DAY, **shop)


def test_everyone_gets_a_full_list_of_different_products(lists):
    mixes = lists[lists["rank"] <= 10]
    assert mixes.groupby("customer_id")["rank"].agg(list).map(tuple).unique().tolist() == [tuple(range(1, 11))]
    assert mixes["customer_id"].nunique() == 240
    assert not lists.duplicated(["customer_id", "product_id"]).any()
    assert set(lists["model"]) == {"mix"} and not lists["is_fallback"].any()


def test_each_slot_has_a_list_of_its_own(lists, shop):
    new = lists[lists["slot"] == "new"].groupby("customer_id")["slot_rank"].agg(list)
    assert new.map(tuple).unique().tolist() == [tuple(range(1, 11))]
    own = shop["order_lines"].query("ordered_at < '2024-04-01'").groupby("customer_id")["product_id"].nunique()
    usual = lists[lists["slot"] == "usual"].groupby("customer_id").size()
    assert usual.to_dict() == own.clip(upper=10).to_dict()


def test_usual_products_are_those_bought_before(lists, shop):
    before = shop["order_lines"].query("ordered_at < '2024-04-01'")[["customer_id", "product_id"]].drop_duplicates()
    bought = lists.merge(before.assign(is_own=True), how="left", on=["customer_id", "product_id"])["is_own"].notna()
    assert ((lists["slot"] == "usual").to_numpy() == bought.to_numpy()).all()
    assert lists.loc[lists["source"] == "similar", "related_product_id"].notna().all()


def test_scores_are_probabilities_and_descend(lists):
    assert lists["score"].between(0, 1).all()
    assert (lists.groupby("customer_id")["score"].diff().dropna() <= 0).all()


def test_batches_do_not_change_lists(lists, shop, monkeypatch):
    monkeypatch.setattr(candidate, "BATCH_ROWS", 400)
    assert built_rows(customer_recommendations, snapshot_date=DAY, **shop).equals(lists)


def test_the_order_of_input_rows_does_not_matter(lists, shop):
    shuffled = {name: rows.sample(frac=1, random_state=3) for name, rows in shop.items()}
    assert built_rows(customer_recommendations, snapshot_date=DAY, **shuffled).equals(lists)
