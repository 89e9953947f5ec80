"""Which keys are not their customer's id."""

from crm_pipeline.cleaned import customer_forwarding


def test_lists_keys_that_belong_to_another_once(assert_builds):
    assert_builds(
        customer_forwarding,
        identity_assignments="""source, source_customer_id, customer_id
                                crm,    ada,                ada
                                crm,    a2,                 ada
                                shop,   a2,                 ada          -- the same key in another source
                                shop,   bob,                bob""",
        expected="""source_customer_id, customer_id
                    a2,                 ada""",
    )
