"""Write, audit, publish, and write it down: what a run renews, and what a failing check leaves alone."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crm_pipeline.contract.table import Expectation, Table
from crm_pipeline.pipeline import SqlRecipe
from crm_pipeline.warehouse.as_of import visible_rows
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.materialize import Outcome, Recipe, materialize
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.warehouse.planted import (
    EVENTS,
    TOTALS,
    TOTALS_SQL,
    QueryRecipe,
    events,
    first_of_month,
    transform,
)

MONTHS = first_of_month(1, 2, 3)
ROWS = (("a", "2023-12-05", 1), ("b", "2024-01-05", 2), ("c", "2024-02-05", 4))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(make_project(tmp_path))
    found.prepare()
    return found


def run(warehouse: Warehouse, recipe: Recipe, *dates: date, force: bool = False) -> Outcome:
    return materialize(warehouse, recipe, dates or (None,), run_id="run", force=force)


def query(warehouse: Warehouse, sql: str) -> list[tuple]:
    with warehouse.connect() as connection:
        return connection.execute(sql).fetchall()


def load(warehouse: Warehouse, *rows: tuple[str, str, int | None]) -> Outcome:
    return run(warehouse, QueryRecipe(EVENTS, events(*rows)))


def totals(sql: str = TOTALS_SQL, **settings: object) -> SqlRecipe:
    return SqlRecipe(transform(TOTALS, sql), {EVENTS.name: EVENTS}, make_project(**settings))


def versions(warehouse: Warehouse) -> list[tuple]:
    return query(warehouse, "select table_name, snapshot_date from quality.table_versions order by version")


def test_builds_what_is_missing_and_nothing_twice(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    first = run(warehouse, totals(), *MONTHS)
    assert (first.built, first.unchanged, first.rows[MONTHS[0]]) == (MONTHS, [], 1)
    again = run(warehouse, totals(), *MONTHS)
    assert (again.built, again.unchanged, again.hashes) == ([], MONTHS, first.hashes)
    assert query(warehouse, "select * from features.totals order by 1") == [
        (MONTHS[0], 1, 1),
        (MONTHS[1], 2, 3),
        (MONTHS[2], 3, 7),
    ]
    assert versions(warehouse) == [("events", None), *(("totals", month) for month in MONTHS)]


def test_a_late_row_restates_only_the_snapshots_that_could_see_it(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    run(warehouse, totals(), *MONTHS)
    load(warehouse, *ROWS, ("late", "2024-01-31 23:59:59", 10))
    outcome = run(warehouse, totals(), *MONTHS)
    assert (outcome.built, outcome.unchanged) == (MONTHS[1:], MONTHS[:1])
    assert query(warehouse, "select amount from features.totals order by snapshot_date") == [(1,), (13,), (17,)]


def test_a_row_of_the_snapshot_date_itself_restates_only_later_ones(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    run(warehouse, totals(), *MONTHS)
    load(warehouse, *ROWS, ("late", "2024-02-01 00:00:00", 10))
    assert run(warehouse, totals(), *MONTHS).built == MONTHS[2:]


def test_when_a_row_was_loaded_and_in_which_order_makes_nothing_stale(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    run(warehouse, totals(), *MONTHS)
    shuffled = f"select *, timestamp '2024-06-01' as loaded_at from ({events(*reversed(ROWS))})"
    assert run(warehouse, QueryRecipe(EVENTS, shuffled)).built == [None]
    assert run(warehouse, totals(), *MONTHS).built == []


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        (totals(TOTALS_SQL.strip() + "; -- another text"), MONTHS),
        (totals(churn={"horizon_days": 60}), MONTHS),
        (totals(currency="USD"), MONTHS),
        (totals(name="renamed"), []),
    ],
    ids=["sql", "setting", "currency", "name of the project"],
)
def test_a_change_of_code_or_of_settings_makes_every_part_stale(
    warehouse: Warehouse, changed: SqlRecipe, stale: list[date]
) -> None:
    load(warehouse, *ROWS)
    run(warehouse, totals(), *MONTHS)
    assert run(warehouse, changed, *MONTHS).built == stale


def test_force_rebuilds_what_is_up_to_date(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    first = run(warehouse, totals(), *MONTHS)
    forced = run(warehouse, totals(), *MONTHS, force=True)
    assert (forced.built, forced.hashes) == (MONTHS, first.hashes)


RUNNING = """
select
    $snapshot_date as snapshot_date,
    (select count(*) from events) as event_count,
    (select count(*) from totals) as amount  -- earlier parts of this table
"""


def test_a_table_that_reads_itself_renews_its_later_parts(warehouse: Warehouse) -> None:
    recipe = SqlRecipe(transform(TOTALS, RUNNING), {EVENTS.name: EVENTS, TOTALS.name: TOTALS}, make_project())
    load(warehouse, *ROWS)
    assert run(warehouse, recipe, *MONTHS[:2]).built == MONTHS[:2]
    assert run(warehouse, recipe, *MONTHS).built == MONTHS[2:]
    assert run(warehouse, recipe, *MONTHS).built == []
    assert query(warehouse, "select event_count, amount from features.totals order by snapshot_date") == [
        (1, 0),
        (2, 1),
        (3, 2),
    ]
    load(warehouse, *ROWS, ("late", "2024-01-15", 10))
    assert run(warehouse, recipe, *MONTHS).built == MONTHS[1:]


@pytest.mark.parametrize(
    ("rows", "check"),
    [
        ((("a", "2024-01-05", -1),), "row_rules: amount >= 0"),
        ((("a", "2024-01-05", 1), ("a", "2024-01-06", 1)), "unique_grain: unique(event_id)"),
    ],
)
def test_a_failing_critical_check_leaves_the_live_rows_and_is_written_down(
    warehouse: Warehouse, rows: tuple[tuple[str, str, int], ...], check: str
) -> None:
    load(warehouse, *ROWS)
    outcome = load(warehouse, *rows)
    assert [f"{result.check}: {result.name}" for result in outcome.blocked] == [check]
    assert outcome.built == []
    assert query(warehouse, "select event_id from cleaned.events order by 1") == [("a",), ("b",), ("c",)]
    assert versions(warehouse) == [("events", None)]
    failed = (
        "select check_name, failing_rows from quality.check_results where status = 'failed' and severity = 'critical'"
    )
    assert query(warehouse, failed) == [(check, 1)]
    assert query(warehouse, "select table_name from duckdb_tables() where table_name like '%candidate'") == []
    # the same input stays stale: nothing says that it was built
    assert load(warehouse, *rows).blocked


def test_a_missing_value_blocks_and_a_rule_that_is_null_counts_as_broken(warehouse: Warehouse) -> None:
    outcome = load(warehouse, ("a", "2024-01-05", None))
    assert [result.name for result in outcome.blocked] == ["amount >= 0"]
    no_time = run(warehouse, QueryRecipe(EVENTS, "select 'a' as event_id, null::timestamp as known_at, 1 as amount"))
    assert [result.name for result in no_time.blocked] == ["known_at is not missing"]


def expecting(*expectations: Expectation) -> Table:
    return replace(EVENTS, expectations=expectations)


def test_a_critical_expectation_blocks_and_a_warning_does_not(warehouse: Warehouse) -> None:
    warning = Expectation("mean", "amount", minimum=100)
    critical = Expectation("row_count", minimum=10, severity="critical")
    outcome = run(warehouse, QueryRecipe(expecting(warning), events(*ROWS)))
    assert outcome.built == [None]
    assert [(r.name, r.status, r.observed) for r in outcome.results if r.status != "passed"] == [
        ("mean(amount)", "failed", "2.33333")
    ]
    blocked = run(warehouse, QueryRecipe(expecting(critical), events(*ROWS), code_hash="next"))
    assert [(r.name, r.observed, r.expected) for r in blocked.blocked] == [("row_count", "3", "10..")]
    # an empty table is judged too
    empty = run(warehouse, QueryRecipe(expecting(critical), f"{events(*ROWS)} where false", code_hash="empty"))
    assert [(r.name, r.observed) for r in empty.blocked] == [("row_count", "0")]


def test_one_bad_part_keeps_all_parts_of_its_run_from_being_published(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    strict = replace(TOTALS, rules=("event_count < 3",))
    recipe = SqlRecipe(transform(strict, TOTALS_SQL), {EVENTS.name: EVENTS}, make_project())
    assert run(warehouse, recipe, *MONTHS).built == []
    assert run(warehouse, recipe, *MONTHS[:2]).built == MONTHS[:2]


class StopsHalfway(QueryRecipe):
    """Fills its candidate, then fails."""

    def build(self, *arguments) -> None:
        super().build(*arguments)
        raise RuntimeError("halfway")


def test_an_error_while_building_leaves_everything_as_it_was(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    with pytest.raises(RuntimeError, match="halfway"):
        run(warehouse, StopsHalfway(EVENTS, events(("x", "2024-01-05", 1))))
    assert query(warehouse, "select count(*) from cleaned.events") == [(3,)]
    assert versions(warehouse) == [("events", None)]
    # what it left behind is in nobody's way
    assert load(warehouse, ("x", "2024-01-05", 1)).built == [None]
    assert query(warehouse, "select event_id from cleaned.events") == [("x",)]


def test_append_only_tables_keep_every_version_and_show_the_newest(warehouse: Warehouse) -> None:
    log = replace(TOTALS, name="log", kind="append_only")

    def write(amount: int) -> Outcome:
        row = f"select date '2024-01-01' as snapshot_date, 1 as event_count, {amount} as amount"
        return run(warehouse, QueryRecipe(log, row), MONTHS[0])

    write(5)
    write(7)
    write(7)
    assert query(warehouse, "select amount from features.log order by table_version") == [(5,), (7,)]
    write(5)
    assert query(warehouse, visible_rows(log, "features.log", None)) == [(MONTHS[0], 1, 5)]
    # the same content again, made by other code: no new rows
    row = "select date '2024-01-01' as snapshot_date, 1 as event_count, 5 as amount"
    run(warehouse, QueryRecipe(log, row, code_hash="next"), MONTHS[0])
    assert query(warehouse, "select count(*) from features.log") == [(3,)]


def test_descriptions_and_profiles_are_stored_with_the_table(warehouse: Warehouse) -> None:
    load(warehouse, *ROWS)
    assert query(warehouse, "select comment from duckdb_tables() where table_name = 'events'") == [("What happened.",)]
    sql = "select row_count, null_share, minimum, maximum from quality.table_profiles where column_name = 'amount'"
    assert query(warehouse, sql) == [(3, 0.0, 1.0, 4.0)]


def test_a_table_without_rows_is_published_with_its_columns(warehouse: Warehouse) -> None:
    assert run(warehouse, QueryRecipe(EVENTS, f"{events(*ROWS)} where false")).rows == {None: 0}
    assert query(warehouse, "select event_id, known_at, amount from cleaned.events") == []
    assert run(warehouse, totals(), MONTHS[0]).rows == {MONTHS[0]: 1}
