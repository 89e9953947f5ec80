"""Numbers as each language writes them, and words that are there in all of them."""

import re

import pytest
from duckdb import DuckDBPyConnection

from crm_pipeline.models.ranking_reasons import REASONS
from crm_pipeline.report.blocks import Desk
from crm_pipeline.report.cells import Cell, Reader, as_typed, plain
from crm_pipeline.report.queries import ALL
from crm_pipeline.report.wording import LANGUAGES, WORDS, Wording, compact
from crm_pipeline.segments.rfm_segments import RFM_RULES
from crm_pipeline_tests.kit import memory_warehouse
from crm_pipeline_tests.report.tables import NEWEST


@pytest.mark.parametrize(
    ("value", "kind", "en", "de", "zh"),
    [
        (1234.4, "count", "1,234", "1.234", "1,234"),
        (-12, "signed", *["\N{MINUS SIGN}12"] * 3),
        (12345.6, "money", "12,346 EUR", "12.346 EUR", "12,346 EUR"),
        (9.5, "money", "9.50 EUR", "9,50 EUR", "9.50 EUR"),
        (0.125, "share", "12.5 %", "12,5 %", "12.5%"),
        (0.99999, "share", "99.9 %", "99,9 %", "99.9%"),
        (0.0001, "share", "0.1 %", "0,1 %", "0.1%"),
        (0.05, "change", "+5.0 %", "+5,0 %", "+5.0%"),
        (0.8541, "decimal", "0.854", "0,854", "0.854"),
    ],
)
def test_numbers(value: float, kind: str, en: str, de: str, zh: str) -> None:
    found = [Wording(language, "EUR").number(value, kind) for language in ("en", "de", "zh")]
    assert found == [en, de, zh]


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (12, "12"), (1500, "1.5k"), (2e6, "2M"), (3.2e9, "3.2G")])
def test_axis_numbers(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there_with_the_same_parameters(language: str) -> None:
    words = WORDS[language]
    assert set(words) == set(WORDS["en"])
    for key, text in WORDS["en"].items():
        assert sorted(re.findall(r"{(\w+)}", text)) == sorted(re.findall(r"{(\w+)}", words[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_codes_have_names(language: str) -> None:
    words = WORDS[language]
    assert all(f"segment.{rule.name}" in words for rule in RFM_RULES)
    assert all(f"reason.{code}" in words for code in REASONS)


def test_a_sentence_keeps_the_cells_and_escapes_the_rest() -> None:
    cell = Cell(0.25, "share", "moves", 0, "moved_share")
    words = Wording("en", "EUR")
    assert words.say("head_share") == "Share"
    assert words.say("against", change=cell, before="<i>{x}</i>") == (
        '<data value="0.25" data-query="moves" data-row="0" data-column="moved_share">25 %</data> against '
        "&lt;i&gt;{x}&lt;/i&gt;"
    )


def test_churn_reasons_are_said_in_each_language() -> None:
    said = [Wording(language, "EUR").reason("order_count_90d:raises", 2.0) for language in ("en", "zh")]
    assert said == ["Orders in the last 90 days: 2; raises the risk of leaving.", "近 90 天订单数：2；流失风险升高。"]  # noqa: RUF001


def test_a_query_without_its_tables_has_no_rows() -> None:
    with memory_warehouse() as connection:
        read = Reader(connection, ALL, {"snapshot_date": NEWEST})
        assert not read["business"] and read["business"].sql.count("date '2024-03-01'") == 3
        assert Desk(read, Wording("en", "EUR")).nothing("business", "business").rows == ()


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_query_runs_as_the_page_shows_it(name: str, published: DuckDBPyConnection) -> None:
    found = Reader(published, ALL, {"snapshot_date": NEWEST})[name]
    if found.columns:
        assert tuple(published.execute(found.sql).fetchall()) == found.rows


def test_parameters_are_written_out() -> None:
    given = {"snapshot_date": NEWEST, "customer_id": r"o'neil\n$x"}
    assert as_typed("a = $snapshot_date and b = $customer_id", given) == r"a = date '2024-03-01' and b = 'o''neil\n$x'"


def test_exact_values() -> None:
    assert [plain(value) for value in (None, True, 0.1, NEWEST)] == ["", "true", "0.1", "2024-03-01"]
