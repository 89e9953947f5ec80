"""The data-quality page from a ledger filled by hand: escaped, self-contained, in both languages, the same bytes."""

import re
from pathlib import Path
from typing import get_args

import pytest

from crm_pipeline.contract.table import Severity
from crm_pipeline.quality import page_queries
from crm_pipeline.quality.measures import renew_measures
from crm_pipeline.quality.page import PAGE_NAME, data_quality_summary, render_page, write_page
from crm_pipeline.quality.page_words import DIMENSION_NAMES, MEASURES, UNITS, WORDS, percent
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.quality.ledger_rows import add_version, ledger_warehouse
from crm_pipeline_tests.quality.test_measures import FILES, REJECTED

OUTLIERS = """snapshot_date, customer_id, feature,      feature_rank
              2024-02-01,    zoe,         order_count,  1
              2024-03-01,    zoe,         order_count,  2
              2024-03-01,    zoe,         spend_amount, 1
              2024-03-01,    yan,         spend_amount, 1"""
SUSPICIOUS = """snapshot_date, order_id, customer_id, ordered_at, reason_1, reason_1_code
                2024-03-01,    order-77, zoe,         2024-02-28, words,    burst"""

CHANGES = """source, file_name, column_name, change,  before, after, is_newest
             lines,  a.csv,     colour,      renamed, colour, hue,   true
             lines,  old.csv,   weight,      dropped, number, ,      false"""


@pytest.fixture
def warehouse():  # type: ignore[no-untyped-def]
    hostile = REJECTED.replace("mine", "<script>alert(1)</script>")
    with ledger_warehouse(
        reconciliation=FILES,
        rejected_rows=hostile,
        customer_outliers=OUTLIERS,
        suspicious_orders=SUSPICIOUS,
        schema_changes=CHANGES,
    ) as connection:
        for day in ("2024-02-01", "2024-03-01"):
            add_version(connection, "source_coverage", day, 1)
            add_version(connection, "customer_rfm", day, 100, nulls=(0.0, 0.5))
        add_version(
            connection, "orders", None, 50, checks=[("expectations_warning: maximum(net_amount)", "failed", None)]
        )
        yield connection


def test_the_page_says_what_the_ledger_knows(warehouse) -> None:  # type: ignore[no-untyped-def]
    text = render_page(warehouse, make_project())
    for expected in ("record 4, record 5", "line 7", "a.csv", "expectations_warning: maximum(net_amount)",
                     ">Largest value: net amount<",
                     "2 of 100 rows fail: rows with every needed value", "2024-02-25"):  # fmt: skip
        assert expected in text, expected
    assert "<svg" in text


def test_what_users_write_is_escaped(warehouse) -> None:  # type: ignore[no-untyped-def]
    text = render_page(warehouse, make_project())
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_it_needs_nothing_from_outside(warehouse) -> None:  # type: ignore[no-untyped-def]
    text = render_page(warehouse, make_project())
    assert re.findall(r"(?:src|href)=\"(?!\w+\.html\")[^\"]*\"|url\(|@import|https?:", text) == []


def test_columns_that_the_newest_files_changed(warehouse) -> None:  # type: ignore[no-untyped-def]
    text = render_page(warehouse, make_project())
    assert "<td>colour</td><td>renamed</td><td>colour</td><td>hue</td>" in text
    assert "<td>weight</td>" not in text


def test_conspicuous_customers_and_orders_are_counted_not_named(warehouse) -> None:  # type: ignore[no-untyped-def]
    text = render_page(warehouse, make_project())
    assert "customer_outliers.html" in text and "suspicious_orders.html" in text
    assert re.search(r"<td>spend_amount</td><td class=\"n\">2</td>", text)
    assert re.search(r"<td>burst</td><td class=\"n\">1</td>", text)
    assert not {"zoe", "yan", "order-77"} & set(re.findall(r"[\w-]+", text))


def test_german(warehouse) -> None:  # type: ignore[no-untyped-def]
    text = render_page(warehouse, make_project(language="de"))
    assert '<html lang="de">' in text
    assert "Datenqualität" in text and "Vollständigkeit" in text and "Satz 4, Satz 5" in text and "Zeile 7" in text
    assert "2 von 100 Zeilen fallen durch" in text


def test_the_same_state_gives_the_same_bytes_and_writes_nothing_else(warehouse, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = write_page(warehouse, make_project(), tmp_path)
    first = path.read_bytes()
    assert write_page(warehouse, make_project(), tmp_path).read_bytes() == first
    assert [item.name for item in tmp_path.iterdir()] == [PAGE_NAME]


def test_before_the_first_load() -> None:
    with ledger_warehouse() as connection:
        assert "Nothing is built yet" in render_page(connection, make_project())
        assert data_quality_summary(connection) == []


def test_the_summary_is_the_mean_over_sources_and_tables(warehouse) -> None:  # type: ignore[no-untyped-def]
    found = {item.dimension: item for item in data_quality_summary(warehouse)}
    # validity: lines 0.96, people 1, orders 0 (its only check failed)
    assert found["validity"].score == pytest.approx((0.96 + 1 + 0) / 3)
    assert (found["validity"].subjects, found["validity"].below_one) == (3, 2)


QUERIES = {name: text for name, text in vars(page_queries).items() if name.isupper()}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_each_query_runs_as_the_page_shows_it(warehouse, name: str) -> None:  # type: ignore[no-untyped-def]
    renew_measures(warehouse)
    warehouse.execute(QUERIES[name]).fetchall()


def test_every_severity_of_a_check_has_a_word() -> None:
    assert all(severity in words for severity in get_args(Severity) for words in WORDS.values())


@pytest.mark.parametrize("language", ["de", "zh"])
def test_every_word_is_there_in_every_language(language: str) -> None:
    for words in (WORDS, DIMENSION_NAMES, UNITS, MEASURES):
        assert set(words["en"]) == set(words[language])  # type: ignore[index]
    for name, text in WORDS["en"].items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", WORDS[language][name])), name


@pytest.mark.parametrize(
    ("share", "language", "text"),
    [(1.0, "en", "100 %"), (0.99999, "en", "99.9 %"), (0.5, "de", "50 %"), (0.5, "zh", "50%"), (0.3333, "de", "33,3 %"),
     (0.0001, "en", "0.1 %"), (0.0, "en", "0 %"), (None, "de", "-")],
)  # fmt: skip
def test_shares(share: float | None, language: str, text: str) -> None:
    assert percent(share, language) == text
