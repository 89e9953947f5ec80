"""A table that was dropped or edited by hand is noticed and rebuilt, and nothing else is."""

from pathlib import Path

import pytest

from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.standing import GONE, OTHER_COLUMNS, OTHER_ROWS, altered_parts
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.warehouse.planted import EVENTS, TOTALS, first_of_month
from crm_pipeline_tests.warehouse.test_materialize import ROWS, load, query, run, totals

MONTHS = first_of_month(1, 2, 3)


@pytest.fixture
def loaded(tmp_path: Path) -> Warehouse:
    found = Warehouse(make_project(tmp_path))
    found.prepare()
    load(found, *ROWS)
    run(found, totals(), *MONTHS)
    return found


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ("drop table cleaned.events", GONE),
        ("delete from cleaned.events where event_id = 'a'", OTHER_ROWS),
        ("alter table cleaned.events drop column amount", OTHER_COLUMNS),
    ],
)
def test_an_altered_table_is_rebuilt_and_its_readers_stay(loaded: Warehouse, edit: str, reason: str) -> None:
    before = query(loaded, "select * from features.totals order by 1")
    with loaded.connect() as connection:
        connection.execute(edit)
        versions = Ledger(connection).current()[EVENTS.name]
        assert altered_parts(connection, EVENTS, versions, [None]) == {None: reason}
    assert load(loaded, *ROWS).built == [None]
    assert query(loaded, "select event_id from cleaned.events order by 1") == [("a",), ("b",), ("c",)]
    assert run(loaded, totals(), *MONTHS).built == []
    assert query(loaded, "select * from features.totals order by 1") == before


def test_of_a_table_with_parts_only_the_altered_one_is_rebuilt(loaded: Warehouse) -> None:
    with loaded.connect() as connection:
        connection.execute(f"delete from {TOTALS.qualified_name} where snapshot_date = ?", [MONTHS[1]])
    assert run(loaded, totals(), *MONTHS).built == [MONTHS[1]]
    assert query(loaded, "select event_count from features.totals order by 1") == [(1,), (2,), (3,)]
    assert run(loaded, totals(), *MONTHS).built == []
