"""Neighbours by customers, and by kind where there are none."""

from crm_pipeline.recommendations import similar_products
from crm_pipeline_tests.kit import assert_builds, built_rows

DAY = "2024-04-01"


def test_neighbours_by_hand():
    assert_builds(
        similar_products,
        snapshot_date=DAY,
        product_popularity="""snapshot_date, product_id, order_count_90d, category, subcategory, is_offered
                              2024-04-01,    tea,        90,              drinks,   hot,         true
                              2024-04-01,    mint,       50,              drinks,   hot,         true
                              2024-04-01,    cocoa,      70,              drinks,   hot,         true
                              2024-04-01,    grog,       80,              drinks,   hot,         false   -- not pushed
                              2024-04-01,    rum,        5,               drinks,   ,            true
                              2024-04-01,    rye,        0,               food,     ,            true    -- not sold now
                              2024-03-01,    old,        9,               drinks,   hot,         true""",
        product_similarities="""snapshot_date, product_id, rank, other_product_id, similarity
                                2024-04-01,    tea,        1,    cocoa,            0.5
                                2024-04-01,    tea,        2,    rye,              0.4
                                2024-04-01,    tea,        3,    grog,             0.3
                                2024-04-01,    tea,        6,    mint,             0.1
                                2024-04-01,    rye,        1,    tea,              0.5
                                2024-03-01,    mint,       1,    tea,              0.5""",
        products="""product_id, category, subcategory, brand, known_at
                    tea,        drinks,   hot,         A,     2020-01-01
                    mint,       drinks,   hot,         B,     2020-01-01
                    cocoa,      drinks,   hot,         B,     2020-01-01
                    chai,       drinks,   hot,         A,     2024-03-20   -- new, nobody bought it yet
                    stale,      drinks,   hot,         A,     2023-03-20   -- never sold""",
        # cocoa and mint share a brand, chai and tea another; rum has no subcategory and is alone among drinks
        expected="""product_id, rank, other_product_id, source,         similarity
                    chai,       1,    tea,              same_kind,
                    chai,       2,    cocoa,            same_kind,
                    chai,       3,    mint,             same_kind,
                    cocoa,      1,    mint,             same_kind,
                    cocoa,      2,    tea,              same_kind,
                    grog,       1,    tea,              same_kind,
                    grog,       2,    cocoa,            same_kind,
                    grog,       3,    mint,             same_kind,
                    mint,       1,    cocoa,            same_kind,
                    mint,       2,    tea,              same_kind,
                    tea,        1,    cocoa,            same_customers, 0.5
                    tea,        2,    mint,             same_customers, 0.1""",
    )


def test_at_most_five():
    popularity = "snapshot_date, product_id, order_count_90d, category, is_offered\n" + "\n".join(
        f"2024-04-01, p{number:02d}, {100 - number}, food, true" for number in range(12)
    )
    found = built_rows(similar_products, snapshot_date=DAY, product_popularity=popularity)
    assert found.groupby("product_id").size().eq(5).all()
    assert found[found["product_id"] == "p00"]["other_product_id"].tolist() == ["p01", "p02", "p03", "p04", "p05"]
    assert found[found["product_id"] == "p09"]["other_product_id"].tolist() == ["p00", "p01", "p02", "p03", "p04"]
