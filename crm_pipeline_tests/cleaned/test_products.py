"""The catalogue."""

from crm_pipeline.cleaned import products


def test_keeps_clean_rows_known_since_they_were_loaded(assert_builds):
    assert_builds(
        products,
        staged_products="""product_id, name,  category, known_at,   loaded_at,  verdict
                           p1,         tea,   drinks,   1970-01-01, 2024-06-01, clean
                           p2,         ,      ,         ,           2024-06-01, clean
                           p1,         the,   drinks,   1970-01-01, 2024-05-01, duplicate""",
        expected="""product_id, name, category, known_at
                    p1,         tea,  drinks,   1970-01-01
                    p2,         ,     ,         2024-06-01""",
    )
