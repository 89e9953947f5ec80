"""Coverage, diversity and novelty by hand."""

from crm_pipeline.recommendations import recommendation_variety
from crm_pipeline_tests.kit import assert_builds, built_rows

LISTS = """snapshot_date, customer_id, rank, product_id, slot,  slot_rank
           2024-03-01,    ada,         1,    tea,        usual, 1
           2024-03-01,    ada,         2,    jam,        new,   1
           2024-03-01,    ada,         3,    cake,       usual, 2
           2024-03-01,    bob,         1,    tea,        usual, 1
           2024-03-01,    bob,         2,    milk,       new,   1"""
POPULARITY = """snapshot_date, product_id, customer_count, order_count_90d
                2024-03-01,    tea,        2,              5
                2024-03-01,    milk,       1,              2
                2024-03-01,    cake,       1,              3
                2024-03-01,    jam,        1,              0     -- not ordered of late
                2024-03-01,    rye,        1,              1"""
PRODUCTS = """product_id, category, subcategory, known_at
              tea,        drinks,   tea,         2024-01-01
              milk,       drinks,   ,            2024-01-01
              jam,        sweets,   jam,         2024-01-01
              cake,       sweets,   jam,         2024-01-01"""


def test_by_hand():
    assert_builds(
        recommendation_variety,
        snapshot_date="2024-03-01",
        project={"recommendations": {"horizon_days": 30, "count": 2}},
        customer_recommendations=LISTS,
        product_popularity=POPULARITY,
        products=PRODUCTS,
        # the mixes hold tea, jam, tea, milk: 2 of the 4 current products; known to 2, 1, 2 and 1 of 2 customers
        expected="""list,  customer_count, product_count, coverage, diversity, novelty
                    mix,   2,              3,             0.5,      1,         0.5
                    new,   2,              2,             0.25,     ,          1
                    usual, 2,              2,             0.5,      1,         0.33333333""",
    )


def test_without_lists_there_is_nothing_to_say():
    assert built_rows(recommendation_variety, snapshot_date="2024-03-01").empty
