"""Rejected rows: where they stand and why, without their values."""

from crm_pipeline.quality import rejected_rows


def test_lists_rejected_rows_of_every_entity(assert_builds):
    assert_builds(
        rejected_rows,
        staged_order_lines="""source, file_name, position, verdict,   rule
                              shop,   a.csv,     1,        clean,
                              shop,   a.csv,     2,        rejected,  quantity is not a number
                              shop,   a.csv,     3,        duplicate,""",
        staged_customers="""source, file_name, position, verdict,  rule
                            crm,    b.csv,     -7,       rejected, line cannot be read: too many columns""",
        expected="""source, entity,      file_name, position, rule
                    shop,   order_lines, a.csv,     2,        quantity is not a number
                    crm,    customers,   b.csv,     -7,       line cannot be read: too many columns""",
    )
