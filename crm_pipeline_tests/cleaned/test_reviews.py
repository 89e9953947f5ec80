"""Ratings."""

from crm_pipeline.cleaned import reviews


def test_keeps_clean_rows(assert_builds):
    assert_builds(
        reviews,
        staged_reviews="""review_id, customer_id, product_id, reviewed_at, rating, verdict
                          r1,        ada,         tea,        2024-01-01,  4.5,    clean
                          r2,        ada,         ,           2024-01-02,  ,       clean
                          r3,        bob,         tea,        2024-01-02,  1,      rejected""",
        expected="""review_id, product_id, rating, known_at
                    r1,        tea,        4.5,    2024-01-01
                    r2,        ,           ,       2024-01-02""",
    )
