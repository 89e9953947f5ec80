"""The report from tables filled by hand: numbers added up, escaped, self-contained, in three languages."""

import re
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from crm_pipeline.errors import UserError
from crm_pipeline.report.page import chosen_snapshot, render_report, write_atomically
from crm_pipeline.report.queries import ALL
from crm_pipeline.report.wording import LANGUAGES
from crm_pipeline_tests.kit import memory_warehouse
from crm_pipeline_tests.report.conftest import Page
from crm_pipeline_tests.report.reading import outside, read_back, wrong_numbers
from crm_pipeline_tests.report.tables import FIRST, NEWEST, published_file


def shown(text: str, query: str, column: str) -> list[str]:
    return [item.text for item in read_back(text)[0] if (item.query, item.column) == (query, column)]


@pytest.mark.parametrize(
    ("column", "number"),
    [
        ("customers", "3"),
        ("active_customers", "2"),
        ("spend_30d", "180 EUR"),
        ("expected_value", "150 EUR"),
        ("value_at_risk", "34.00 EUR"),  # ada 9 and cem 25; bob is no longer active
        ("customers_change", "+50.0 %"),
        ("spend_30d_change", "+20.0 %"),
        ("value_at_risk_change", "+70.0 %"),
        ("risk_share", "22.7 %"),  # 34 / 150
        ("before", "2024-02-01"),
    ],
)
def test_the_five_numbers(column: str, number: str, page: Page) -> None:
    assert set(shown(page(), "business", column)) == {number}


def test_the_first_snapshot_has_nothing_to_compare_with(page: Page) -> None:
    text = page(day=FIRST)
    assert shown(text, "business", "customers")[0] == "2"
    assert "no earlier snapshot" in text
    assert shown(text, "business", "before") == []


def test_segments_and_moves(page: Page) -> None:
    text = page()
    assert shown(text, "segments", "value") == ["140 EUR", "10.00 EUR"]
    assert shown(text, "segments", "share")[0] == "66.7 %"
    assert shown(text, "moves", "moved") == ["2"]  # who had no orders yet did not move
    assert "from “At risk” to “Lost”" in re.sub("<[^>]+>", "", text)


def test_churn_is_about_active_customers(page: Page) -> None:
    text = page()
    assert shown(text, "churn_bands", "risk_band") == ["medium", "low"]
    assert shown(text, "churn_bands", "churn_probability")[:2] == ["50 %", "50 %"]


def test_a_pair_is_listed_once_from_the_side_that_says_more(page: Page) -> None:
    text = page()
    assert shown(text, "affinities", "confidence") == ["50 %", "50 %"]
    assert shown(text, "affinities", "baskets") == ["7", "7"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_the_cell_it_says_it_is(language: str, page: Page, published: DuckDBPyConnection) -> None:
    assert wrong_numbers(page(language), published) == []


def test_a_wrong_number_would_be_found(page: Page, published: DuckDBPyConnection) -> None:
    text = page().replace('value="3" data-query="business"', 'value="4" data-query="business"')
    assert wrong_numbers(text, published)


def test_what_users_write_is_escaped_and_not_filled_in(page: Page) -> None:
    text = page()
    assert "<b>Tea" not in text
    assert "&lt;b&gt;Tea&lt;/b&gt; &amp; {milk}" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_needs_nothing_from_outside(language: str, page: Page) -> None:
    assert outside(page(language)) == []


def test_links_lead_to_what_is_there(page: Page) -> None:
    text = page()
    ids = re.findall(r" id=\"([^\"]+)\"", text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"(?:href=\"#|url\(#)([\w-]+)", text)) <= set(ids)


def test_every_chart_is_drawn_named_and_has_its_table(page: Page) -> None:
    text = page()
    charts = re.findall(r"data-chart=\"(\w+)\".*?</svg>", text, re.DOTALL)
    assert {"business", "segments", "transitions", "value_deciles", "churn_bands", "list_reasons"} <= set(charts)
    assert text.count('<svg class="chart"') == text.count('role="img" aria-label="') == len(charts)
    assert all(f'id="table-{name}"' in text for name in charts)


def test_the_appendix_names_tables_columns_and_filter(page: Page) -> None:
    text = page()
    part = text[text.index('id="table-churn_bands"') : text.index('id="table-churn_bands"') + 1500]
    assert "<dd>churn.churn_predictions</dd>" in part
    assert "value_at_risk" in part and "is_active" in part
    assert "date &#39;2024-03-01&#39;" in part and "$snapshot_date" not in text


def test_languages(page: Page) -> None:
    assert '<html lang="de">' in page("de") and "180 EUR" in page("de") and "34,00 EUR" in page("de")
    assert '<html lang="zh">' in page("zh") and "核心客户" in page("zh") and ">22.7%<" in page("zh")


def test_the_same_state_gives_the_same_bytes(tmp_path: Path, page: Page, published: DuckDBPyConnection) -> None:
    assert page() == render_report(published, "shop", "EUR", "en", NEWEST)
    target = write_atomically(page(), tmp_path / "reports" / "page.html")
    assert target.read_text(encoding="utf-8") == page()
    assert [item.name for item in target.parent.iterdir()] == ["page.html"]


def test_a_snapshot_that_is_not_there(published: DuckDBPyConnection) -> None:
    assert chosen_snapshot(published, None) == NEWEST
    with pytest.raises(UserError, match="snapshot 2024-02-02 is not published; the newest are 2024-02-01, 2024-03"):
        chosen_snapshot(published, FIRST.replace(day=2))
    with memory_warehouse() as connection, pytest.raises(UserError, match="no snapshot is published yet"):
        chosen_snapshot(connection, None)


def test_few_customers_are_shares_of_themselves() -> None:
    """Five customers worth 60, 20, 10, 6 and 4: the best is a fifth of them, not a tenth or a twentieth."""
    worth = {"a": 60, "b": 20, "c": 10, "d": 6, "e": 4}
    clv = "snapshot_date, customer_id, clv\n" + "\n".join(f"{NEWEST}, {name}, {v}" for name, v in worth.items())
    rfm = "snapshot_date, customer_id, total_spend\n" + "\n".join(f"{NEWEST}, {name}, 10" for name in worth)
    with published_file(customer_clv=clv, customer_rfm=rfm) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
        curve = connection.execute(ALL["concentration"].replace("$snapshot_date", f"date '{NEWEST}'")).fetchall()
    assert [row[1:] for row in curve] == [
        pytest.approx(row) for row in ((0.2, 0.6, 0.2), (0.4, 0.8, 0.4), (0.6, 0.9, 0.6), (0.8, 0.96, 0.8), (1, 1, 1))
    ]
    said = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text))
    assert "20 % of the customers stand for 60 % of the expected value and 20 % of all spend so far." in said
    assert "The best 20 % of the customers hold 60 % of the expected value (each 60.00 EUR or more), " in said
    assert "the best 40 % hold 80 %." in said or "the best 60 % hold 90 %." in said


DRIFT = """snapshot_date, kind, subject, measure, value, chance, is_judged, warning_from, is_warning, is_failure
           2024-03-01, score, churn_probability, psi, 0.144, 0.213, true, 0.1, false, false
           2024-03-01, feature, expected_purchases, psi, 0.139, 0.2, true, 0.1, false, false
           2024-03-01, feature, tenure_days, psi, 9, 0.2, false, 0.1, false, false
           2024-03-01, outcome, churn_probability, odds_ratio, {odds}, 1.5, true, 1.5, {warns}, false"""


def drift_sentences(odds: str, warns: str) -> tuple[str, str]:
    with published_file(churn_drift=DRIFT.format(odds=odds, warns=warns)) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
        assert wrong_numbers(text, connection) == []
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text)), text


def test_drift_is_told_beside_the_limit_that_counts() -> None:
    said, _ = drift_sentences("1.2", "false")
    assert "At 2024-03-01 nothing moved as far as its limit." in said
    assert "The scores moved by 0.144, their limit is 0.213." in said
    assert (
        "moved “Order days that the purchase model alone expects" in said and ": by 0.139." in said
    )  # 0.139 of 0.2; what is not judged is left out
    assert "chance alone may do more than 0.100, the limit of crm.yaml" in said


def test_a_warning_about_outcomes_is_not_called_nothing() -> None:
    said, text = drift_sentences("2.5", "true")
    assert "At 2024-03-01 1 of the things watched moved beyond their limit" in said and "nothing moved" not in said
    assert shown(text, "drifted", "value") == ["2.500"]


AT_RISK = """snapshot_date, customer_id, is_active, churn_probability, risk_band, value_at_risk, horizon_days, {reasons}
             2024-03-01, ada, true, 0.7, high, 7, 30, pause:raises, 9, 0.6, count:lowers, 2, 0.3, count:lowers, 2, 0.1
             2024-03-01, bob, true, 0.6, high, 6, 30, count:lowers, 2, 0.6, pause:raises, 5, 0.1, weeks:raises, 5, 0.3
             2024-03-01, cem, true, 0.6, high, 5, 30, count:lowers, 2, 1.0, , , 0, , , 0
             2024-03-01, dee, true, 0.1, low, 4, 30, count:lowers, 2, 1.0, , , 0, , , 0"""


def test_reasons_to_leave_raise_the_risk() -> None:
    """Ada and bob have one each; what is told of bob is the strongest that raises; nothing sets cem apart."""
    names = ", ".join(f"reason_{i}_code, reason_{i}_value, reason_{i}_share" for i in (1, 2, 3))
    with published_file(churn_predictions=AT_RISK.format(reasons=names)) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
        assert wrong_numbers(text, connection) == []
        rows = connection.execute(ALL["churn_reasons"].replace("$snapshot_date", f"date '{NEWEST}'")).fetchall()
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("pause:raises", 1, 2), ("weeks:raises", 1, 1), ("none", 1, None),
    ]  # fmt: skip
    said = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text))
    assert "The most frequent main reason to leave, for 33.3 % of them: pause: 7; raises the risk of leaving." in said
    assert "For 33.3 % of them nothing stands out" in said and "lowers the risk" not in said


def words_of(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text))


def test_repeated_rows_of_a_catalogue_are_no_dirt() -> None:
    """Orders: 98 kept, 2 rejected; products made of the same lines: 10 kept, 90 repeated: 108 of 110 are clean."""
    rows = """source,   entity,      file_name, read_count, clean_count, rejected_count, duplicate_count, left_out_count
              orders,   order_lines, a.csv,     100,        98,          2,              0,               0
              products, products,    a.csv,     100,        10,          0,              90,              0"""
    with published_file(reconciliation=rows) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
        assert wrong_numbers(text, connection) == []
    assert "2 of them broke a rule and were rejected, so that 98.2 % of what was to be kept is clean" in words_of(text)
    assert "90 rows only repeated another one" in words_of(text)
    assert shown(text, "sources", "rejected_share") == ["2 %", "0 %"]


def test_spend_and_expected_value_are_drawn_over_the_same_days() -> None:
    clv = """snapshot_date, customer_id, clv, horizon_days
             2024-02-01,    ada,         90,  90
             2024-03-01,    ada,         180, 90"""
    with published_file(customer_clv=clv) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
        rows = connection.execute(ALL["business"].replace("$snapshot_date", f"date '{NEWEST}'")).df()
    assert rows["expected_30d"].tolist() == [30.0, 60.0]
    assert "Expected value of the days after, per 30 days" in text
    assert "expected of the next 90 days is drawn per 30 days" in words_of(text)


def test_average_retention_is_of_at_least_a_third_of_the_cohorts() -> None:
    """Six cohorts, one of them three months old: month 3 is left out, month 2 (two of them) is told with its count."""
    ages = {"2023-12-01": 3, "2024-01-01": 2, "2024-02-01": 1, "2023-10-01": 1, "2023-11-01": 1, "2023-09-01": 1}
    lines = [
        f"{NEWEST}, {month}, {age}, 10, {9 if age == 3 else 5}"
        for month, last in ages.items()
        for age in range(last + 1)
    ]
    head = "snapshot_date, cohort_month, months_since, customer_count, active_count\n"
    with published_file(cohort_retention=head + "\n".join(lines)) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
        rows = connection.execute(ALL["retention"].replace("$snapshot_date", f"date '{NEWEST}'")).fetchall()
    assert [(row[0], row[1]) for row in rows] == [(0, 6), (1, 6), (2, 2)]
    assert "50 % in month 2, which 2 of 6 cohorts have reached" in words_of(text)


def test_the_table_of_segments_says_whose_figures_are_whose(page: Page) -> None:
    assert "churn and value at risk of the active ones" in words_of(page())
    assert shown(page(), "segments", "active") == ["2", "0"]


def test_a_shop_without_products_is_not_told_to_wait_for_them() -> None:
    models = "snapshot_date, candidate, is_champion, is_fallback\n2024-03-01, GP-TopFreq, true, true"
    none = "snapshot_date, customer_id"
    goods = "snapshot_date, product_id"
    given = {"customer_recommendations": none, "recommendation_model": models}
    with published_file(**given, product_popularity=goods) as connection:
        text = render_report(connection, "shop", "EUR", "en", NEWEST)
    assert "no order names a product" in text and "favourites" not in text
    with published_file(**given, product_popularity=f"{goods}\n2024-03-01, p1") as connection:
        assert "no order names a product" not in render_report(connection, "shop", "EUR", "en", NEWEST)
