"""Every decision stays, so that a withdrawal acts from its own date."""

from crm_pipeline.cleaned import consents


def test_keeps_every_decision(assert_builds):
    assert_builds(
        consents,
        staged_consents="""customer_id, purpose, decided_at, is_granted, verdict
                           ada,         mail,    2024-01-01, true,       clean
                           ada,         mail,    2024-02-01, false,      clean
                           bob,         mail,    2024-01-01, true,       duplicate""",
        expected="""customer_id, purpose, decided_at, is_granted, known_at
                    ada,         mail,    2024-01-01, true,       2024-01-01
                    ada,         mail,    2024-02-01, false,      2024-02-01""",
    )
