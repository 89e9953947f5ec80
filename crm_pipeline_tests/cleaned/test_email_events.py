"""Messages sent, opened and clicked."""

from crm_pipeline.cleaned import email_events


def test_keeps_clean_rows(assert_builds):
    assert_builds(
        email_events,
        staged_email_events="""customer_id, occurred_at, event_type, campaign_id, verdict
                               ada,         2024-01-01,  sent,       spring,      clean
                               ada,         2024-01-02,  opened,     ,            clean
                               bob,         2024-01-02,  opened,     ,            rejected""",
        expected="""customer_id, occurred_at, event_type, campaign_id, known_at
                    ada,         2024-01-01,  sent,       spring,      2024-01-01
                    ada,         2024-01-02,  opened,     none,        2024-01-02""",
    )
