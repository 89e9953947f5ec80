"""One row per attribute that has a value."""

from crm_pipeline.cleaned import customer_attributes


def test_spreads_attributes_and_leaves_out_what_is_missing(assert_builds):
    assert_builds(
        customer_attributes,
        staged_customers="""customer_id, attributes,                 known_at,   loaded_at,  verdict
                            ada,         "{region=north, age=NULL}", 2024-01-01, 2024-06-01, clean
                            bob,         {region=south},             ,           2024-06-01, clean
                            cy,          {region=west},              2024-01-01, 2024-06-01, duplicate""",
        expected="""customer_id, attribute, known_at,   value
                    ada,         region,    2024-01-01, north
                    bob,         region,    2024-06-01, south""",
    )


def test_keeps_history_and_takes_the_first_source_by_name_when_two_speak_at_once(assert_builds):
    assert_builds(
        customer_attributes,
        staged_customers="""source, customer_id, attributes,               known_at
                            crm,    ada,         {tier=silver},            2024-01-01
                            crm,    ada,         {tier=gold},              2024-03-01
                            club,   ada,         "{tier=blue, age=30}",    2024-03-01""",
        expected="""customer_id, attribute, known_at,   value
                    ada,         tier,      2024-01-01, silver
                    ada,         tier,      2024-03-01, blue
                    ada,         age,       2024-03-01, 30""",
    )
