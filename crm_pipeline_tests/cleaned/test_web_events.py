"""Visits, views and clicks."""

from crm_pipeline.cleaned import web_events


def test_keeps_clean_rows(assert_builds):
    assert_builds(
        web_events,
        staged_web_events="""customer_id, occurred_at, event_type, product_id, verdict
                             ada,         2024-01-01,  view,       tea,        clean
                             ada,         2024-01-01,  visit,      ,           clean
                             bob,         2024-01-01,  visit,      ,           rejected""",
        expected="""customer_id, event_type, product_id, known_at
                    ada,         view,       tea,        2024-01-01
                    ada,         visit,      none,       2024-01-01""",
    )
