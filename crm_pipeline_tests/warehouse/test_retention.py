"""Weekly and daily snapshots over months: which are kept, and that one that goes makes nothing else be built again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from crm_pipeline.pipeline import SqlRecipe
from crm_pipeline.schedule import SnapshotGrid
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.materialize import materialize
from crm_pipeline.warehouse.retention import KEPT_DAYS, expired, remove_expired
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.warehouse.planted import (
    EVENTS,
    RUNNING,
    RUNNING_SQL,
    TOTALS,
    TOTALS_SQL,
    QueryRecipe,
    events,
    transform,
)

FIRST, DAYS = date(2024, 1, 3), 100
TABLES = (TOTALS, RUNNING)


def kept(grid: SnapshotGrid, today: date) -> list[date]:
    due = grid.until(today)
    return [day for day in due if day not in expired(grid, due, today)]


@pytest.mark.parametrize("every", ["week", "day"])
@pytest.mark.parametrize("asleep", [(), range(20, 75)], ids=["every night", "a gap of 55 nights"])
def test_what_stands_is_what_is_kept_whenever_runs_came(every: str, asleep: range | tuple[()]) -> None:
    """Whatever nights were missed: the newest 35 days, and the first of each month; what went does not come back."""
    grid = SnapshotGrid(every=every, first=FIRST)  # type: ignore[arg-type]
    standing: set[date] = set()
    gone: set[date] = set()
    for number in range(200):
        today = FIRST + timedelta(days=number)
        if number in asleep:
            continue
        asked = set(kept(grid, today))
        assert not asked & gone
        standing |= asked
        removed = set(expired(grid, standing, today))
        standing, gone = standing - removed, gone | removed
        assert standing == asked
    due = grid.until(today)
    first_of_month = {
        min(day for day in due if (day.year, day.month) == month) for month in {(d.year, d.month) for d in due}
    }
    assert standing == first_of_month | {day for day in due if day >= today - timedelta(days=KEPT_DAYS)}


def test_monthly_snapshots_and_lists_of_dates_stay() -> None:
    for grid in (SnapshotGrid(every="month", first=FIRST), SnapshotGrid(dates=(FIRST, date(2024, 1, 9)))):
        assert expired(grid, grid.until(date(2030, 1, 1)), date(2030, 1, 1)) == []


@pytest.mark.parametrize("every", ["week", "day"])
def test_nights_of_a_chain_build_each_snapshot_once(tmp_path: Path, every: str) -> None:
    """A table of events and one that looks back at its own earlier parts, as models do, night after night."""
    project = make_project(tmp_path, snapshots={"every": every, "first": FIRST})
    warehouse = Warehouse(project)
    warehouse.prepare()
    rows = [(f"e{day}", f"{FIRST + timedelta(days=day - 1)}", day) for day in range(DAYS)]
    materialize(warehouse, QueryRecipe(EVENTS, events(*rows)), [None], run_id="load")
    recipes = [
        SqlRecipe(transform(TOTALS, TOTALS_SQL), {EVENTS.name: EVENTS}, project),
        SqlRecipe(transform(RUNNING, RUNNING_SQL), {table.name: table for table in (TOTALS, RUNNING)}, project),
    ]
    built: list[date] = []
    for number in range(0, DAYS, 10):
        today = FIRST + timedelta(days=number)
        parts = kept(project.snapshots, today)
        for recipe in recipes:
            outcome = materialize(warehouse, recipe, parts, run_id=str(number))
            built += [part for part in outcome.built if part is not None and recipe is recipes[-1]]
        remove_expired(warehouse, TABLES, project.snapshots, today, str(number))
        with warehouse.connect() as connection:
            current = Ledger(connection).current()
            found = connection.execute("select distinct snapshot_date from features.running order by 1").fetchall()
        assert [day for (day,) in found] == sorted(current["running"], key=str) == sorted(current["totals"], key=str)
        assert [day for (day,) in found] == kept(project.snapshots, today)
    assert len(built) == len(set(built)), "no snapshot was built twice, though older ones went"
    assert len(built) > len(found)

    late = [*rows, ("late", f"{FIRST + timedelta(days=DAYS - 30)}", 1)]
    materialize(warehouse, QueryRecipe(EVENTS, events(*late)), [None], run_id="late")
    for recipe in recipes:
        restated = materialize(warehouse, recipe, parts, run_id="late").built
        assert restated == [day for day in parts if day > FIRST + timedelta(days=DAYS - 30)] != []
