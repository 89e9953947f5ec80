"""Which state a reference means, what differs between two states and why, on a ledger written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import duckdb
import pytest

from crm_pipeline.diff.states import changes_between, find_state, rebuilt_alike, state_at, tables_of
from crm_pipeline.errors import UserError
from crm_pipeline.warehouse.ledger import REMOVED, Ledger
from crm_pipeline.warehouse.published import PUBLICATIONS
from crm_pipeline_tests.kit import memory_warehouse

DAY = date(2024, 2, 1)
# version, table, part, content, inputs, code, run
ENTRIES = [
    (1, "orders", None, "o1", {"order_lines": "x1"}, "c1", "aaaa-1"),
    (2, "customer_rfm", DAY, "r1", {"orders": "o1", "settings": "s1"}, "c1", "aaaa-1"),
    (3, "customer_features", DAY, "f1", {"orders": "o1", "settings": "s1"}, "c1", "aaaa-1"),
    (4, "orders", None, "o2", {"order_lines": "x2"}, "c1", "bbbb-1"),
    (5, "customer_rfm", DAY, "r2", {"orders": "o2", "settings": "s2"}, "c1", "bbbb-2"),
    (6, "customer_features", DAY, "f1", {"orders": "o2", "settings": "s2"}, "c2", "bbbb-2"),
    (7, "customer_rfm", DAY, "r3", {"orders": "o2", "settings": "s2"}, "c9", "cccc-1"),
    (8, "customer_features", DAY, "x", {}, REMOVED, "cccc-1"),
]
PUBLISHED = [(3, "aaaa-2"), (6, "bbbb-3")]
ENDED = {"dddd-1": datetime(2024, 2, 1, 0, 5, 30)}


@pytest.fixture
def ledger() -> Iterator[duckdb.DuckDBPyConnection]:
    """The entries, one a minute, and two publications."""
    with memory_warehouse() as connection:
        book = Ledger(connection)
        book.create()
        connection.execute(PUBLICATIONS)
        for version, table, part, content, inputs, code, run in ENTRIES:
            book.append(version, table, part, content, inputs, code, 10 * version, run, 0, 0)
        connection.execute("update quality.table_versions set built_at = timestamp '2024-02-01' + to_minutes(version)")
        for version, run in PUBLISHED:
            connection.execute("insert into quality.publications values (?, ?, now())", [version, run])
        yield connection


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("last", 6),  # the newest publication, not the newest entry
        ("previous", 3),
        ("aaaa-1", 3),
        ("bbbb-1", 4),
        ("bbbb-2", 6),
        ("bbbb-3", 6),  # the run that published
        ("cccc", 8),
        ("dddd", 5),  # it changed nothing; entry 5 was written before it ended
    ],
)
def test_what_a_reference_means(ledger: duckdb.DuckDBPyConnection, reference: str, version: int) -> None:
    assert find_state(ledger, reference, ENDED).version == version


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("bbbb", "'bbbb' is the beginning of 3 runs; give more of the id"),
        ("ffff", "no run begins with 'ffff'; the newest that changed something: cccc-1, bbbb-2, bbbb-1"),
        ("aa", "too short for a run id; give at least 4 characters"),
    ],
)
def test_references_that_mean_nothing(ledger: duckdb.DuckDBPyConnection, reference: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_state(ledger, reference, ENDED)


def test_nothing_before_the_first_publication(ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.execute("delete from quality.publications where version = 3")
    with pytest.raises(UserError, match="nothing was published before"):
        find_state(ledger, "previous", {})


def test_before_any_publication_the_last_state_is_the_newest(ledger: duckdb.DuckDBPyConnection) -> None:
    ledger.execute("drop table quality.publications")
    assert find_state(ledger, "last", {}).version == 8


def test_what_differs_and_why(ledger: duckdb.DuckDBPyConnection) -> None:
    before, after = state_at(ledger, "a", 3), state_at(ledger, "b", 6)
    changes = changes_between(before, after)
    assert [(change.table, change.part, change.why) for change in changes] == [
        ("customer_rfm", DAY, ("orders", "settings")),
        ("orders", None, ("order_lines",)),
    ]
    assert rebuilt_alike(before, after) == 1  # customer_features came out the same
    assert tables_of(changes) == ["customer_rfm", "orders"]


def test_code_is_told_from_input(ledger: duckdb.DuckDBPyConnection) -> None:
    changes = changes_between(state_at(ledger, "a", 6), state_at(ledger, "b", 7))
    assert [(change.table, change.why) for change in changes] == [("customer_rfm", ("code",))]


def test_parts_that_come_and_go(ledger: duckdb.DuckDBPyConnection) -> None:
    came = changes_between(state_at(ledger, "a", 1), state_at(ledger, "b", 2))
    assert [(change.table, change.before, change.why) for change in came] == [("customer_rfm", None, ())]
    went = changes_between(state_at(ledger, "a", 7), state_at(ledger, "b", 8))
    assert [(change.table, change.after) for change in went] == [("customer_features", None)]


def test_a_state_equals_itself(ledger: duckdb.DuckDBPyConnection) -> None:
    state = state_at(ledger, "a", 8)
    assert changes_between(state, state) == [] and rebuilt_alike(state, state) == 0


def test_before_the_first_entry(ledger: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UserError, match="nothing was built yet in the state 'a'"):
        state_at(ledger, "a", 0)
