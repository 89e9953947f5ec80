"""The customer page from tables filled by hand: found by id or key, numbers added up, reasons and changes in words."""

import io
import re
from collections.abc import Iterator
from datetime import date

import pytest
from duckdb import DuckDBPyConnection
from rich.console import Console

from crm_pipeline.customer.changes import changes_query
from crm_pipeline.customer.chapters import write_chapters
from crm_pipeline.customer.find import find_customer
from crm_pipeline.customer.personal import keys_of, personal_data
from crm_pipeline.customer.queries import ALL
from crm_pipeline.customer.text import print_chapters
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import all_tables
from crm_pipeline.report.blocks import Desk
from crm_pipeline.report.cells import Reader
from crm_pipeline.report.page import render_page
from crm_pipeline.report.wording import LANGUAGES, Wording
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.report.reading import outside, read_back, wrong_numbers
from crm_pipeline_tests.report.tables import NEWEST, published_file

CUSTOMERS = {
    "customers": """customer_id, first_seen_at, known_at
                    ada,         2023-12-01,    2023-12-01
                    bob,         2024-01-05,    2024-01-05
                    cem,         2024-02-10,    2024-02-10""",
    "customer_identity": """source, source_customer_id, customer_id
                            shop,   ada,                ada
                            desk,   A-17,               ada
                            desk,   twice,              ada
                            shop,   twice,              bob""",
    "customer_rfm": """snapshot_date, customer_id, days_since_last_order, order_count, total_spend, rfm_score
                       2024-03-01,    ada,         5,                     3,           160,         554""",
    "customer_attributes": """customer_id, attribute, known_at,   value
                              ada,         colour,    1970-01-01, <i>red</i>
                              ada,         late,      2024-03-01, not yet known""",
    "orders": """order_id, order_part, customer_id, ordered_at, net_amount, line_count, is_return, known_at
                 o1,       1,          ada,         2024-02-20, 30,         2,          false,     2024-02-20
                 o1,       2,          ada,         2024-02-25, -10,        1,          true,      2024-02-25
                 o2,       1,          ada,         2024-03-01, 99,         1,          false,     2024-03-01
                 o3,       1,          bob,         2024-02-01, 5,          1,          false,     2024-02-01""",
    "tickets": """ticket_id, customer_id, opened_at,  topic,    known_at
                  t1,        ada,         2024-02-21, delivery, 2024-02-21""",
    "campaigns": "campaign_id, name",
    "campaign_contacts": "campaign_id, customer_id, contacted_at, known_at",
    "coupon_redemptions": "coupon_id, customer_id, redeemed_at, known_at",
    "reviews": "review_id, customer_id, product_id, reviewed_at, known_at",
    "email_events": "customer_id, occurred_at, event_type, known_at",
    "web_events": "customer_id, occurred_at, event_type, known_at",
}  # fmt: skip


@pytest.fixture(scope="module")
def published() -> Iterator[DuckDBPyConnection]:
    with published_file(**CUSTOMERS) as connection:
        connection.execute(
            "update churn.churn_predictions set reason_1_code = 'days_since_last_order:raises', reason_1_value = 12, "
            "reason_1_share = 0.75, model_version = snapshot_date::varchar where customer_id = 'ada'"
        )
        yield connection


def desk(published: DuckDBPyConnection, language: str = "en", customer: str = "ada", day: date = NEWEST) -> Desk:
    queries = ALL | {"changes": changes_query(all_tables()["customer_features"])}
    return Desk(Reader(published, queries, {"customer_id": customer, "snapshot_date": day}), Wording(language, "EUR"))


def page(published: DuckDBPyConnection, language: str = "en", customer: str = "ada", personal=None) -> str:  # type: ignore[no-untyped-def]
    written = desk(published, language, customer)
    return render_page(written, "Customer", [], write_chapters(written, personal))


@pytest.mark.parametrize(("wanted", "found"), [("ada", "ada"), ("A-17", "ada"), ("cem", "cem")])
def test_found_by_id_or_by_a_sources_key(published: DuckDBPyConnection, wanted: str, found: str) -> None:
    assert find_customer(published, wanted) == found


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("A-71", "no customer 'A-71' is known, by that id or by a source's key; the nearest ids are A-17"),
        ("zzzzzz", "no customer 'zzzzzz' is known, by that id or by a source's key; no id is like it"),
        ("twice", "twice is the key of several customers: ada, bob; ask for one of them by its id"),
    ],
)
def test_not_found(published: DuckDBPyConnection, wanted: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        find_customer(published, wanted)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_the_cell_it_says_it_is(published: DuckDBPyConnection, language: str) -> None:
    text = page(published, language)
    assert wrong_numbers(text, published) == []
    assert outside(text) == []


def test_events_are_those_known_before_the_day_newest_first(published: DuckDBPyConnection) -> None:
    found = desk(published).read["timeline"]
    assert list(zip(found.column("event"), found.column("subject"), strict=True)) == [
        ("return", "o1"), ("ticket", "t1 delivery"), ("order", "o1"),
    ]  # fmt: skip


def test_what_changed_is_ranked_in_standard_deviations(published: DuckDBPyConnection) -> None:
    """Spend of 30 days: 100 -> 120 where all have 120, 0, 60 (48.99); orders 2 -> 3 where all have 3, 0, 1 (1.247)."""
    found = desk(published).read["changes"]
    rows = {row[0]: row[1:] for row in found.rows}
    assert rows["spend_amount_30d"] == (100.0, 120.0, pytest.approx(20 / 48.9898, abs=1e-5))
    assert rows["order_count_30d"] == (2.0, 3.0, pytest.approx(1 / 1.24722, abs=1e-5))
    assert found.column("feature")[0] == "order_count_30d"


def test_reasons_and_the_change_of_the_score_in_words(published: DuckDBPyConnection) -> None:
    text = re.sub(r"<[^>]+>", "", page(published))
    assert "Days since the last order: 12; raises the risk of leaving." in text
    assert "The risk is the same (+0.0 points) as at 2024-02-01: 10 %." in text
    assert "The model learned anew in between" in text
    assert "loyal → Champions" in text.replace("Loyal", "loyal")


def test_a_first_score_has_nothing_to_compare_with(published: DuckDBPyConnection) -> None:
    assert "This is the customer's first score" in page(published, customer="cem").replace("&#39;", "'")


def test_what_users_wrote_is_escaped(published: DuckDBPyConnection) -> None:
    text = page(published, personal=[("shop", "ada", "email", "<script>alert(1)</script>")])
    assert "<script" not in text and "<i>red" not in text and "not yet known" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_personal_data_only_when_asked_for(published: DuckDBPyConnection) -> None:
    plain, asked = page(published), page(published, personal=[("shop", "ada", "email", "ada@example.com")])
    assert "ada@example.com" not in plain and "--with-personal-data" in plain
    assert "ada@example.com" in asked


def test_text_says_what_the_page_says(published: DuckDBPyConnection) -> None:
    written, out = desk(published), io.StringIO()
    print_chapters(Console(file=out, width=100), "Customer [bold]ada", ["line"], write_chapters(written, None))
    said = " ".join(out.getvalue().split())
    assert said.startswith("Customer [bold]ada line")
    assert "Due again: bought" in said and "delivery" in said and "160 EUR" in said
    assert {item.text for item in read_back(page(published))[0] if item.column == "total_spend"} == {"160 EUR"}


def test_more_keys_than_the_page_lists_are_counted_and_looked_up(published: DuckDBPyConnection) -> None:
    """ada has 3 keys of her own; cem gets 45."""
    assert "know the customer: 3 (sources: 2)" in re.sub("<[^>]+>", "", page(published)) and "are listed" not in page(
        published
    )
    published.execute("begin")
    published.execute(
        "insert into cleaned.customer_identity by name "
        "select 'shop' as source, 'c' || n as source_customer_id, 'cem' as customer_id from range(45) as t (n)"
    )
    for language, count in (("en", ": 45 (sources"), ("de", ": 45 (Quellen"), ("zh", "45 个")):
        text = page(published, language, customer="cem")
        assert count in re.sub("<[^>]+>", "", text) and wrong_numbers(text, published) == []
    assert "The first 40 are listed." in page(published, customer="cem")
    assert len(keys_of(published, "cem")) == 45 and ("shop", "c44") in keys_of(published, "cem")
    published.execute("rollback")


def test_a_name_gives_the_terminal_no_orders(published: DuckDBPyConnection) -> None:
    personal = [("shop", "ada", "name", "A\x1b]0;title\x07d\x9b2Ja\u202e\nL.\tO\r\x00")]
    written, out = desk(published), io.StringIO()
    heading = "Customer \x1b[2Jada"
    print_chapters(Console(file=out, width=100), heading, ["a\x1bc"], write_chapters(written, personal))
    said = out.getvalue()
    assert "A]0;titled2Ja L. O" in said and said.startswith("Customer [2Jada")
    assert not [letter for letter in said if letter != "\n" and not letter.isprintable()]


def test_near_ids_give_the_terminal_no_orders(published: DuckDBPyConnection) -> None:
    published.execute("begin")
    published.execute(
        "insert into cleaned.customer_identity by name "
        "select 'shop' as source, 'k\x1b[2Jkkkkkk' as source_customer_id, 'cem' as customer_id"
    )
    with pytest.raises(UserError, match=r"the nearest ids are k\[2Jkkkkkk$"):
        find_customer(published, "k[2Jkkkkkk")
    published.execute("rollback")


def test_personal_data_of_the_vault(tmp_path) -> None:  # type: ignore[no-untyped-def]
    warehouse = Warehouse(make_project(tmp_path))
    assert personal_data(warehouse, [("shop", "ada")]) == []
    warehouse.prepare()
    with warehouse.connect("vault") as vault:
        vault.execute(
            "create schema staged; create table staged.staged_customers as select * from (values "
            "('shop', 'ada', 'ada@example.com', map {'nick': 'A'}, 'clean'), "
            "('shop', 'ada', 'old@example.com', map {}, 'rejected'), "
            "('desk', 'ada', 'other@example.com', map {}, 'clean')) "
            "as t (source, customer_id, email, attributes, verdict)"
        )
    assert personal_data(warehouse, [("shop", "ada")]) == [
        ("shop", "ada", "email", "ada@example.com"), ("shop", "ada", "nick", "A"),
    ]  # fmt: skip


def test_a_disputed_value_says_whose_numbers_are_whose() -> None:
    """The purchase model gives the customer up (0.3 EUR), the published blend does not (485 EUR)."""
    clv = """snapshot_date, customer_id, clv, horizon_days, expected_spend, btyd_spend, expected_purchases, why_code
             2024-03-01,    ada,         480, 30,           485,            0.3,        0.01, beats_baseline
             2024-03-01,    bob,         90,  30,           100,            80,         2,    beats_baseline
             2024-03-01,    cem,         90,  30,           100,            30,         2,    does_not_beat_baseline"""
    due = """snapshot_date, customer_id, category, probability, expected_date, usual_gap_days
             2024-03-01,    ada,         any,      0.92,        2024-03-09,    1.4
             2024-03-01,    ada,         Milk,     0.7,         2024-03-17,    7"""
    with published_file(**CUSTOMERS, customer_clv=clv, next_purchase=due) as connection:
        found = {name: re.sub(r"<[^>]+>", "", page(connection, customer=name)) for name in ("ada", "bob", "cem")}
        assert desk(connection).read["next_purchase"].column("category") == ["Milk"]
        assert wrong_numbers(page(connection), connection) == []
    assert "The next 30 days are worth 480 EUR" in found["ada"] and "it expects 0.0 order days" in found["ada"]
    assert "would expect 0.30 EUR of spend where 485 EUR is published" in found["ada"]
    assert "the next one is due by 2024-03-09" in found["ada"]
    assert "it expects 2.0 order days" in found["bob"] and "models disagree" not in found["bob"]
    assert "simple rule" in found["cem"] and "purchase model" not in found["cem"]


def test_products_of_one_name_are_told_apart_and_keys_counted_once() -> None:
    products = """product_id, name, brand
                  p1,         Milk, Private
                  p2,         Milk,
                  p3,         Tea,  National"""
    lists = """snapshot_date, customer_id, rank, product_id, reason_code, order_count, days_since_last_ordered
               2024-03-01,    ada,         1,    p1,         bought_often, 3,          1
               2024-03-01,    ada,         2,    p2,         bought_often, 3,          1
               2024-03-01,    ada,         3,    p3,         bought_often, 3,          1"""
    keys = """source, source_customer_id, customer_id
              shop,   ada,                ada
              mail,   ada,                ada"""
    given = CUSTOMERS | {"customer_identity": keys, "products": products, "customer_recommendations": lists}
    given |= {
        "campaign_contacts": """campaign_id, customer_id, contacted_at, channel, known_at
                                21,          ada,         2024-02-26,   unknown, 2024-02-26"""
    }
    with published_file(**given) as connection:
        text = re.sub(r"<[^>]+>", "", page(connection))
        found = desk(connection).read
        assert found["recommendations"].column("product") == ["Milk (Private, p1)", "Milk (p2)", "Tea"]
        assert found["timeline"].column("subject")[0] == "21"
    assert "Keys by which the sources know the customer: 1 (sources: 2)." in text
    assert "days since the last time: 1" in text
