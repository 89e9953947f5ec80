"""Hints at the end of a run."""

import duckdb

from crm_pipeline.summary import unknown_purpose


def test_a_consent_purpose_that_no_consent_names_is_told() -> None:
    with duckdb.connect() as connection:
        assert unknown_purpose(connection, "marketing") == []
        connection.execute("create schema cleaned; create table cleaned.consents (purpose varchar)")
        assert unknown_purpose(connection, "marketing")[0].endswith("(there are none).")
        connection.execute("insert into cleaned.consents values ('newsletter'), ('calls'), ('calls')")
        assert unknown_purpose(connection, "calls") == unknown_purpose(connection, None) == []
        assert "no consent names the `consent_purpose` 'call'" in unknown_purpose(connection, "call")[0]
        assert unknown_purpose(connection, "call")[0].endswith("(they name 'calls', 'newsletter').")
