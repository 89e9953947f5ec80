"""One run of matching on a handful of records: nobody is lost, whatever the order, and stated pairs are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from crm_pipeline.identity.assignments import STAGED_CUSTOMERS
from crm_pipeline.identity.refresh import Wishes, refresh
from crm_pipeline.identity.settings import IdentitySettings, Pair
from crm_pipeline.warehouse.as_of import location_of
from crm_pipeline_tests.kit import fill_table, memory_warehouse

HEADER = "source, customer_id, known_at, file_name, position, full_name, email, birth_date"
PEOPLE = [
    "crm, c1, 2023-01-01, a.csv, 1, Ada Byron, ada@ships.de, 1990-02-03",
    "web, w1, 2023-02-01, b.csv, 1, Ada Byron, ada@ships.de, 1990-02-03",
    "crm, c2, 2023-01-02, a.csv, 2, Bob Stone, bob@ships.de, 1980-05-06",
    "web, w2, 2023-01-02, b.csv, 2, , , ",  # says nothing of anybody
]


def matched(rows: Sequence[str], **listed: Sequence[Pair]) -> duckdb.DuckDBPyConnection:
    """A warehouse in which these customers were matched for the first time."""
    connection = memory_warehouse()
    connection.execute("attach ':memory:' as live")
    fill_table(connection, STAGED_CUSTOMERS, "\n".join([HEADER, *rows]))
    wishes = Wishes(IdentitySettings(), ("full_name", "email", "birth_date"), listed, {})
    assert refresh(connection, location_of(STAGED_CUSTOMERS, "live"), wishes, anew=True)
    return connection


def customers(connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
    """The customer of each record."""
    sql = "select source || '/' || source_customer_id, customer_id from identity_result"
    return dict(connection.execute(sql).fetchall())


def test_the_order_of_rows_does_not_matter() -> None:
    found, shuffled = (matched(rows).execute("from identity_result order by all") for rows in (PEOPLE, PEOPLE[::-1]))
    rows = found.fetchall()
    assert rows == shuffled.fetchall() and [row[2] for row in rows] == ["c1", "c2", "c1", "w2"]


def test_nobody_and_one() -> None:
    assert customers(matched([])) == {}
    assert customers(matched(PEOPLE[:1])) == {"crm/c1": "c1"}


def test_one_key_is_one_customer_however_much_its_records_contradict_each_other() -> None:
    rows = [
        "app, k,  2024-01-01, a.csv, 1, Zoe Xu,    zoe@a.de, 1950-07-08",
        "crm, k,  2023-01-01, a.csv, 1, Ada Byron, ada@a.de, 1990-02-03",
        "web, k,  2022-01-01, a.csv, 1, Wim Dee,   wim@a.de, 1970-01-08",
        "web, w1, 2022-01-01, a.csv, 1, Max Ford,  max@a.de, 1960-04-05",
    ]
    stated = {
        "always": [("web/k", "web/w1"), ("crm/gone", "web/k")],
        "never": [("app/k", "web/w1"), ("app/k", "crm/k")],
    }
    connection = matched(rows, **stated)
    assert customers(connection) == {"app/k": "k", "crm/k": "k", "web/k": "k", "web/w1": "w1"}
    told = "select value from identity_next_facts where name = 'stated of unknown records'"
    assert connection.execute(told).fetchall() == [(1.0,)]
