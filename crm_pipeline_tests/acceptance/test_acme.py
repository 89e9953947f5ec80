"""The example project Acme: a short history, and what the deliveries of the next day change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_pipeline.project import load_project
from crm_pipeline.simulation.acme import SEED, advance, begin
from crm_pipeline_tests.acceptance.commands import REPOSITORY, crm
from crm_pipeline_tests.acceptance.contents import physical_tables, query
from crm_pipeline_tests.ingestion.loading import Row, staged_rows

DAYS = 152
"""To 1 June 2023, a day on which every till has sold something: a snapshot waits for all sources of orders."""

PERSONAL = ("full_name", "first_name", "last_name", "email", "phone", "street")
SAMPLED = 100
"""Values of each column that are searched for everywhere."""

NEWEST, NEXT = (f"input/webshop/webshop_orders_{label}.csv" for label in ("2023-06", "2023-06-02"))


def acme(folder: Path) -> Path:
    """The project as it is in the repository, with a short history and one snapshot of it."""
    folder.mkdir(parents=True)
    settings = (REPOSITORY / "data" / "acme" / "crm.yaml").read_text(encoding="utf-8")
    settings, changed = re.subn(r"^snapshots:.*$", "snapshots: {dates: [2023-06-02]}", settings, flags=re.MULTILINE)
    assert changed == 1
    (folder / "crm.yaml").write_text(settings, encoding="utf-8")
    begin(folder / "input", SEED, DAYS)
    return folder


def web_lines(folder: Path) -> int:
    """The lines of the web shop's order files, without headers."""
    files = (folder / "input" / "webshop").glob("webshop_orders_*.csv")
    return sum(len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in files)


def broken_in(rows: list[Row]) -> list[str]:
    return [row["file_name"] for row in rows if (row["rule"] or "").startswith("line cannot be read")]


def test_every_line_is_judged_and_a_next_day_mends_the_former(tmp_path: Path) -> None:
    folder = acme(tmp_path / "shop")
    rows = staged_rows(load_project(folder))
    web = [row for row in rows if row["source"] == "webshop"]
    assert len(web) == web_lines(folder)
    assert broken_in(rows) == [NEWEST]
    rules = {row["rule"] for row in web if row["verdict"] == "rejected" and row["position"] > 0}
    assert rules == {"quantity is not a number", "ordered_at is not a date and time"}
    assert 0 < Counter(row["verdict"] for row in web)["duplicate"] < 50

    clean = [row for row in rows if row["verdict"] == "clean"]
    on_web, in_shops = (
        {row["customer_id"] for row in clean if row["customer_id"] and (row["source"] == "webshop") == is_web}
        for is_web in (True, False)
    )
    assert len(on_web & in_shops) > 20, "a card links web shop and tills"
    assert {row["product_id"] for row in clean if row["line_type"] == "shipping"} == {"VERSAND"}
    late = [row for row in clean if row["known_at"].date() > row["ordered_at"].date()]
    assert late and {row["source"] for row in late} == {"tills", "shop_3"}

    exports, written = advance(folder / "input")
    assert str(exports.through) == "2023-06-02" and NEWEST.removeprefix("input/") in written
    rows = staged_rows(load_project(folder))
    assert sum(row["source"] == "webshop" for row in rows) == web_lines(folder) > len(web)
    assert broken_in(rows) == [NEXT]
    known = {row["order_line_id"] for row in clean}
    mended = [
        row
        for row in rows
        if row["verdict"] == "clean" and row["file_name"] == NEWEST and row["order_line_id"] not in known
    ]
    assert str(mended[-1]["ordered_at"].date()) == "2023-06-01"


@pytest.mark.full
def test_the_whole_chain_and_a_next_day(new_folder: Callable[[], Path]) -> None:
    folder = acme(new_folder())
    first = crm("run", folder)
    assert first.code == 0, first.text
    assert query(folder, "select count(distinct source) from quality.reconciliation") == [(16,)]
    assert query(folder, "select count(*) > 200 from churn.churn_predictions") == [(True,)]
    popular = "select count(*) from recommendations.product_popularity where product_id = 'VERSAND'"
    assert query(folder, popular) == [(0,)], "postage is no product"
    written = "select count(*) > 0 from staged.staged_tickets where text like '%when do I get my money%'"
    assert query(folder, written, "vault.duckdb") == [(True,)]
    direct = "('text', 'email', 'phone', 'full_name', 'first_name', 'last_name', 'street', 'postcode', 'birth_date')"
    assert query(folder, f"select * from duckdb_columns() where column_name in {direct}") == [], "only in the vault"

    newest = "select max(version) from quality.table_versions where table_name = 'customer_rfm'"
    before = query(folder, newest)
    advance(folder / "input")
    second = crm("run", folder)
    assert second.code == 0, second.text
    assert query(folder, newest) > before, "a line of 1 June is mended, so the snapshot of 2 June was built anew"
    assert "Nothing to do: every table is up to date." in crm("run", folder).text
    assert_nothing_personal(folder, first.text + second.text + crm("status", folder).text)


def assert_nothing_personal(folder: Path, said: str) -> None:
    """Outside the vault, the raw copies and the input no file, no table and no word holds what names a person."""
    personal: set[str] = set()
    for table, columns in {"customers": PERSONAL, "tickets": ("text",), "reviews": ("text",)}.items():
        for column in columns:
            found = query(
                folder,
                f"select distinct {column} from staged.staged_{table} where length({column}) > 5 "
                f"order by md5({column}) limit {SAMPLED}",
                "vault.duckdb",
            )
            assert len(found) > (SAMPLED / 2 if table == "customers" else 2), (table, column)
            personal |= {text for (text,) in found}
    assert [text for text in personal if text in said] == []
    searched = 0
    for path in (folder / "warehouse").rglob("*"):
        if path.is_file() and "raw" not in path.parts and path.suffix != ".duckdb":
            content = path.read_bytes()
            searched += 1
            assert [text for text in personal if text.encode() in content] == [], path
    assert searched > 20, "Dagster's events and logs, the data docs and the page"
    for name in ("crm.duckdb", "published.duckdb", "published.previous.duckdb"):
        for table in physical_tables(folder, name):
            schema, _, plain = table.partition(".")
            rows = query(folder, f'select t::varchar from "{schema}"."{plain}" as t', name)
            content = "\n".join(row for (row,) in rows)
            assert [text for text in personal if text in content] == [], (name, table)
