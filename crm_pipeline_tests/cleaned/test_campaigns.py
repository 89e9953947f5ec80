"""Campaigns are known from their start, or from when they were loaded."""

from crm_pipeline.cleaned import campaigns


def test_keeps_clean_rows_and_says_since_when_they_are_known(assert_builds):
    assert_builds(
        campaigns,
        staged_campaigns="""campaign_id, started_at, known_at,   loaded_at,  verdict
                            spring,      2024-03-01, 2024-03-01, 2024-06-01, clean
                            undated,     ,           ,           2024-06-01, clean     -- known since it was loaded
                            wrong,       2024-03-01, 2024-03-01, 2024-06-01, rejected""",
        expected="""campaign_id, started_at, known_at
                    spring,      2024-03-01, 2024-03-01
                    undated,     ,           2024-06-01""",
    )
