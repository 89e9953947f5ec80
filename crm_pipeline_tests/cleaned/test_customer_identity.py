"""Which source knows which customer."""

from crm_pipeline.cleaned import customer_identity


def test_lists_each_customer_once_per_source(assert_builds):
    assert_builds(
        customer_identity,
        staged_customers="""source, customer_id
                            crm,    ada""",
        staged_order_lines="""source, customer_id
                              shop,   ada
                              shop,   ada
                              shop,                  -- anonymous""",
        staged_tickets="""source, customer_id, verdict
                          desk,   bob,         clean
                          desk,   cy,          rejected""",
        expected="""source, source_customer_id, customer_id, match_probability, match_reason, is_held
                    crm,    ada,                ada,         1,                 own_key,      false
                    shop,   ada,                ada,         1,                 own_key,      false
                    desk,   bob,                bob,         1,                 own_key,      false""",
    )


def test_matched_records_say_why_and_keys_that_only_sales_know_follow_them(assert_builds):
    assert_builds(
        customer_identity,
        identity_assignments="""source, source_customer_id, customer_id, match_probability, match_reason, is_held
                                crm,    ada,                ada,         1,                 single,       false
                                web,    w1,                 ada,         0.9,               exact_email,  true""",
        customer_forwarding="""source_customer_id, customer_id
                               w1,                 ada""",
        staged_customers="""source, customer_id
                            crm,    ada
                            web,    w1""",
        staged_order_lines="""source, customer_id
                              shop,   w1""",
        expected="""source, source_customer_id, customer_id, match_probability, match_reason, is_held
                    crm,    ada,                ada,         1,                 single,       false
                    web,    w1,                 ada,         0.9,               exact_email,  true
                    shop,   w1,                 ada,         1,                 same_key,     false""",
    )
