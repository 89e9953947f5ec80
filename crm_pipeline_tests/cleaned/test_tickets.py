"""Requests to the service desk."""

from crm_pipeline.cleaned import tickets


def test_keeps_clean_rows(assert_builds):
    assert_builds(
        tickets,
        staged_tickets="""ticket_id, customer_id, opened_at,  closed_at,  topic, verdict
                          t1,        ada,         2024-01-01, 2024-01-03, late,  clean
                          t2,        ada,         2024-01-02, ,           ,      clean
                          t1,        ada,         2024-01-01, 2024-01-04, late,  rejected""",
        expected="""ticket_id, opened_at,  closed_at,  topic, known_at
                    t1,        2024-01-01, 2024-01-03, late,  2024-01-01
                    t2,        2024-01-02, ,           ,      2024-01-02""",
    )
