"""Checks of the ledger in plain words."""

from __future__ import annotations

import pytest

from crm_pipeline.report.cells import Result
from crm_pipeline.report.check_words import asked, observed
from crm_pipeline.report.wording import LANGUAGES, Wording

COLUMNS = ("check_name", "observed", "expected")
CHECKS = [
    ("expectations_warning: maximum(is_fallback)", "1", "..0",
     "A simple rule is published in place of a model (too few outcomes, or no gain)", ""),
    ("expectations_warning: null_share(customer_id)", "0.61", "..0.5",
     "Share of missing values: customer id", "0.61 (expected: at most 0.5)"),
    ("expectations: mean(is_champion)", "1", "0.5..0.5", "Mean: is champion", "1 (expected: 0.5)"),
    ("expectations_warning: row_count_change", "5", "-0.5..3.0",
     "Number of rows against the time before", "5 (expected: \N{MINUS SIGN}0.5 to 3)"),
    ("expectations: row_count", "0", "1..", "Number of rows", "0 (expected: at least 1)"),
    ("row_rules: frequency >= 0", "12 rows fail", "frequency >= 0", "frequency >= 0", "12 rows do not"),
    ("unique_grain: unique(snapshot_date, customer_id)", "2 rows share a grain", "0",
     "No two rows share their key: snapshot date, customer id", "2 rows do not"),
    ("unique_grain: total_spend is not missing", "1 row fails", "total_spend is not missing",
     "No value is missing: total spend", "1 row does not"),
    ("expectations: maximum(score)", "TypeError: no", "1e-09..", "Largest value: score",
     "TypeError: no (expected: at least 1e\N{MINUS SIGN}09)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "found", "expected", "says", "finds"), CHECKS)
def test_in_plain_words(name: str, found: str, expected: str, says: str, finds: str) -> None:
    result = Result("failed_checks", COLUMNS, ((name, found, expected),), "")
    words = Wording("en", "EUR")
    assert (asked(result, 0, words), observed(result, 0, words)) == (says, finds)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_every_statistic(language: str) -> None:
    words = Wording(language, "EUR")
    for name in ("null_share", "distinct_count", "minimum", "maximum", "mean"):
        result = Result("failed_checks", COLUMNS, ((f"expectations: {name}(clv)", "1", ".."),), "")
        assert "clv" in asked(result, 0, words) and name not in asked(result, 0, words)
