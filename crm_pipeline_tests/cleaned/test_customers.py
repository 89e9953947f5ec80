"""Everyone whom any source knows, since when the first of them did."""

from crm_pipeline.cleaned import customers


def test_the_first_sighting_counts(assert_builds):
    assert_builds(
        customers,
        staged_customers="""customer_id, first_seen_at, known_at,   loaded_at
                            ada,         2023-12-01,    2024-01-05, 2024-06-01
                            bob,         ,              ,           2024-06-01  -- known since the list was loaded""",
        order_lines="""customer_id, ordered_at, net_amount
                       ada,         2024-02-01, 10
                       cy,          2024-03-01, 10
                       ,            2024-03-01, 10""",
        staged_orders="""customer_id, ordered_at
                         dee,         2024-04-01""",
        campaign_contacts="""customer_id, contacted_at, known_at
                             eve,         2024-05-02,   2024-05-01""",
        expected="""customer_id, first_seen_at, known_at
                    ada,         2023-12-01,    2024-01-05
                    bob,         2024-06-01,    2024-06-01
                    cy,          2024-03-01,    2024-03-01
                    dee,         2024-04-01,    2024-04-01
                    eve,         2024-05-01,    2024-05-01""",
    )


def test_what_is_known_later_changes_nothing(assert_builds):
    assert_builds(
        customers,
        order_lines="""customer_id, ordered_at, net_amount, known_at
                       ada,         2024-02-01, 10,         2024-02-01
                       ada,         2024-01-01, 10,         2024-03-01  -- an older order, reported late""",
        expected="""customer_id, first_seen_at, known_at
                    ada,         2024-02-01,    2024-02-01""",
    )
