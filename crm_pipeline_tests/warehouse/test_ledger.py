"""Content hashes and the entries that say what stands."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.warehouse.ledger import REMOVED, Ledger
from crm_pipeline.warehouse.row_hashes import content_hash, row_hash_columns
from crm_pipeline_tests.kit import fill_table, memory_warehouse
from crm_pipeline_tests.warehouse.planted import EVENTS, first_of_month

DAYS = st.dates(date(2024, 1, 1), date(2024, 3, 31))
EVENT_ROWS = st.lists(st.tuples(DAYS, st.integers(0, 3)), max_size=8)


def text(rows: list[tuple[date, int]]) -> str:
    lines = [f"e{number}, {day}, {amount}" for number, (day, amount) in enumerate(rows)]
    return "\n".join(["event_id, known_at, amount", *lines])


def hashed(events: str) -> str:
    with memory_warehouse() as connection:
        fill_table(connection, EVENTS, events)
        sql = f"select row_count, hash_sum, hash_xor from (select {row_hash_columns(EVENTS)} from cleaned.events)"
        return content_hash(*connection.execute(sql).fetchall()[0])


def test_the_order_of_rows_and_volatile_columns_do_not_count() -> None:
    rows = "event_id, known_at, amount, loaded_at\na, 2024-01-01, 1, 2024-05-01\nb, 2024-01-02, , 2024-05-01"
    other = "event_id, known_at, amount, loaded_at\nb, 2024-01-02, , 2024-06-01\na, 2024-01-01, 1, 2024-06-01"
    assert hashed(rows) == hashed(other)


@pytest.mark.parametrize(
    "other",
    [
        "a, 2024-01-01, 1",
        "a, 2024-01-01, 1\nb, 2024-01-02, 2\nb, 2024-01-02, 2",
        "a, 2024-01-01, 2\nb, 2024-01-02, 1",  # two values changed places
        "a, 2024-01-01, 1\nb, 2024-01-02,",
        "a, 2024-01-01, 1\nb, 2024-01-02 00:00:00.000001, 2",
    ],
)
def test_any_other_content_has_another_hash(other: str) -> None:
    header = "event_id, known_at, amount\n"
    assert hashed(header + other) != hashed(header + "a, 2024-01-01, 1\nb, 2024-01-02, 2")


@settings(max_examples=25)
@given(rows=EVENT_ROWS, later=EVENT_ROWS, cut=DAYS)
def test_the_hash_of_what_was_known_before_a_day_ignores_all_that_came_later(
    rows: list[tuple[date, int]], later: list[tuple[date, int]], cut: date
) -> None:
    known = [row for row in rows if row[0] < cut]
    unknown = [(max(day, cut), amount) for day, amount in later]
    hashes = []
    for content in (known, known + unknown):
        with memory_warehouse() as connection:
            ledger = Ledger(connection)
            ledger.create()
            fill_table(connection, EVENTS, text(content))
            ledger.replace_day_hashes(EVENTS)
            hashes.append(ledger.as_of_hashes([EVENTS.name], [cut])[EVENTS.name, cut])
    assert hashes[0] == hashes[1]


def test_a_change_before_a_day_changes_the_hash_from_that_day_on() -> None:
    months = first_of_month(1, 2, 3)
    found = []
    for amount in (1, 2):
        with memory_warehouse() as connection:
            ledger = Ledger(connection)
            ledger.create()
            fill_table(connection, EVENTS, f"event_id, known_at, amount\na, 2024-01-31 10:00, {amount}")
            ledger.replace_day_hashes(EVENTS)
            found.append(ledger.as_of_hashes([EVENTS.name], months))
    before, after = found
    assert [before[EVENTS.name, month] == after[EVENTS.name, month] for month in months] == [True, False, False]


def test_the_newest_entry_of_each_part_stands_until_it_is_removed() -> None:
    months = first_of_month(1, 2)
    with memory_warehouse() as connection:
        ledger = Ledger(connection)
        assert ledger.current() == {}
        ledger.create()
        for part, content in ((months[0], "old"), (months[0], "new"), (months[1], "only"), (None, "whole")):
            ledger.append(ledger.next_version(), "t", part, content, {"input": "i"}, "code", 7, "run", 0.5, 100.0)
        assert {part: version.content_hash for part, version in ledger.current()["t"].items()} == {
            months[0]: "new",
            months[1]: "only",
            None: "whole",
        }
        ledger.append(ledger.next_version(), "t", months[1], "", {}, REMOVED, 0, "run", 0, 0)
        assert set(ledger.current()["t"]) == {months[0], None}
