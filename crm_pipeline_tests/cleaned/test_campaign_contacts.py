"""Contacts without a time of their own count from the campaign's start."""

from crm_pipeline.cleaned import campaign_contacts


def test_a_contact_without_a_time_counts_from_the_start_of_its_campaign(assert_builds):
    assert_builds(
        campaign_contacts,
        campaigns="""campaign_id, started_at, known_at
                     spring,      2024-03-01, 2024-02-20   -- announced before it started""",
        staged_campaign_contacts="""campaign_id, customer_id, contacted_at, channel, known_at,   loaded_at
                                    spring,      ada,         2024-03-05,   mail,    2024-03-06, 2024-06-01
                                    spring,      bob,         ,             mail,    ,           2024-06-01
                                    autumn,      cy,          ,             ,        ,           2024-06-01""",
        expected="""campaign_id, customer_id, contacted_at, channel, known_at
                    spring,      ada,         2024-03-05,   mail,    2024-03-06
                    spring,      bob,         2024-03-01,   mail,    2024-02-20
                    autumn,      cy,          2024-06-01,   unknown, 2024-06-01  -- nobody described it""",
    )
