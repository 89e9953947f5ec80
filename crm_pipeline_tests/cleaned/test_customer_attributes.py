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
