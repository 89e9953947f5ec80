"""A source of orders without a clean row is told by name, with the rules that its rows broke."""

from pathlib import Path

import duckdb
import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.all_rejected import check_rejected_shares


def check(*rows: tuple[str, str, int, str, str | None]) -> None:
    connection = duckdb.connect()
    connection.execute("create table judged (source text, file_name text, position bigint, verdict text, rule text)")
    for row in rows:
        connection.execute("insert into judged values (?, ?, ?, ?, ?)", row)
    check_rejected_shares(
        connection, Path("shop/crm.yaml"), "order_lines", "judged", {"web": 0.95, "till": 0.5, "o'x": 0.95}
    )


def test_each_source_without_a_clean_row_is_named_with_its_rules_most_frequent_first() -> None:
    with pytest.raises(UserError) as error:
        check(
            ("web", "a.csv", 1, "rejected", "quantity is missing"),
            *(("web", "a.csv", number, "rejected", "net_amount is not a number") for number in range(2, 11)),
            *(("few", "c.csv", number, "rejected", "quantity is missing") for number in range(1, 10)),
            ("till", "b.csv", 1, "clean", None),
            ("till", "b.csv", 2, "rejected", "quantity is missing"),
        )
    assert str(error.value) == (
        "shop/crm.yaml: sources.web: all 10 rows of order_lines are rejected: "
        "net_amount is not a number (9 rows, the first is record 2 of a.csv); "
        "quantity is missing (1 row, the first is record 1 of a.csv). "
        "Say how these values are written (docs/own-data.md, Columns); the last good tables stay"
    )


@pytest.mark.parametrize("verdict", ["clean", "duplicate"])
def test_one_row_that_is_not_rejected_is_enough(verdict: str) -> None:
    bad = [("web", "a.csv", number, "rejected", "quantity is missing") for number in range(1, 20)]
    check(("web", "a.csv", 20, verdict, None), *bad)


def test_a_source_that_is_mostly_rejected_is_named_unless_its_share_is_put_up_with() -> None:
    web = [("web", "a.csv", number, "rejected", "quantity is missing") for number in range(1, 20)]
    till = [("till", "b.csv", number, "rejected", "quantity is missing") for number in range(1, 7)]
    clean = [("till", "b.csv", number, "clean", None) for number in range(7, 13)]
    check(*web, ("web", "a.csv", 20, "clean", None), *till, *clean)  # 95 % and 50 % are allowed
    with pytest.raises(
        UserError, match=r"sources\.till: 7 of 13 rows of order_lines are rejected: quantity is missing"
    ):
        check(*till, *clean, ("till", "b.csv", 13, "rejected", "quantity is missing"))


def test_the_name_of_a_source_may_hold_a_quotation_mark() -> None:
    rows = [("o'x", "a.csv", number, "rejected", "quantity is missing") for number in range(1, 12)]
    check(*rows, ("o'x", "a.csv", 12, "clean", None))


def test_a_source_without_rows_has_none_rejected() -> None:
    check()
