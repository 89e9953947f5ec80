"""The sources of candidates, each alone, by hand."""

from crm_pipeline.recommendations import candidate_lists
from crm_pipeline_tests.kit import assert_builds, built_rows
from crm_pipeline_tests.recommendations.shop import upstream

DAY = "2024-04-01"
LINES = """order_id, customer_id, product_id, ordered_at, quantity
           o1,       ada,         tea,        2024-03-02, 1
           o2,       ada,         tea,        2024-03-12, 1
           o3,       ada,         cake,       2024-03-22, 1
           o4,       bob,         rum,        2024-03-30, 1
           o5,       cyd,         rum,        2024-03-29, 1
           o6,       cyd,         jam,        2024-03-29, 1"""
ORDERS = """order_id, customer_id, ordered_at, line_count
            o1,       ada,         2024-03-02, 1
            o2,       ada,         2024-03-12, 1
            o3,       ada,         2024-03-22, 1
            o4,       bob,         2024-03-30, 1
            o5,       cyd,         2024-03-29, 1
            o6,       cyd,         2024-03-29, 1"""
SIMILARITIES = """snapshot_date, product_id, rank, other_product_id, product_number, other_product_number, similarity
                  2024-04-01,    rum,      1,    jam,             3,              2,                    0.5
                  2024-04-01,    tea,      1,    jam,             4,              2,                    0.2"""


def given():
    upstream_rows = upstream(LINES, ORDERS, (DAY,))
    del upstream_rows["recommendation_model"]
    return upstream_rows | {"product_similarities": SIMILARITIES}


def test_each_source_by_its_own_measure():
    assert_builds(
        candidate_lists,
        snapshot_date=DAY,
        project={"recommendations": {"horizon_days": 30, "count": 2}},
        **given(),
        # in orders of 30 days: rum and tea 2, cake and jam 1; ties by the identifier
        expected="""snapshot_date, customer_id, source,  rank, product_id
                    2024-04-01,    ada,         own,     1,    tea
                    2024-04-01,    ada,         own,     2,    cake
                    2024-04-01,    ada,         similar, 1,    jam
                    2024-04-01,    ada,         popular, 1,    rum
                    2024-04-01,    ada,         popular, 2,    jam
                    2024-04-01,    bob,         own,     1,    rum
                    2024-04-01,    bob,         similar, 1,    jam
                    2024-04-01,    bob,         popular, 1,    tea
                    2024-04-01,    bob,         popular, 2,    cake
                    2024-04-01,    cyd,         own,     1,    jam
                    2024-04-01,    cyd,         own,     2,    rum
                    2024-04-01,    cyd,         popular, 1,    tea
                    2024-04-01,    cyd,         popular, 2,    cake""",
    )


def test_filters_hold_for_every_source():
    popularity = given()["product_popularity"]
    popularity["is_offered"] = popularity["product_id"] != "jam"
    rows = built_rows(candidate_lists, snapshot_date=DAY, **given() | {"product_popularity": popularity})
    assert "jam" not in set(rows["product_id"]) and set(rows["source"]) == {"own", "popular"}


def test_without_customers_there_are_no_lists():
    assert built_rows(candidate_lists, snapshot_date=DAY).empty
