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
        expected="""source, source_customer_id, customer_id
                    crm,    ada,                ada
                    shop,   ada,                ada
                    desk,   bob,                bob""",
    )
