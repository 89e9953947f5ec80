"""Schedules and the sensor ask for the right runs at the right times, and what they ask for runs."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from crm_pipeline.assets import partitions_of
from crm_pipeline.definitions import build_definitions
from crm_pipeline.pipeline import Pipeline, all_tables
from crm_pipeline.project import Project, load_project
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline_tests.acceptance.contents import ledger_hashes
from crm_pipeline_tests.acceptance.shops import replace_in, write_project
from crm_pipeline_tests.acceptance.test_end_to_end import instance_of
from crm_pipeline_tests.kit import make_project

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
OPEN_ENDED = "{every: month, first: 2022-05-01}"
GRIDS = (
    {"every": "month", "first": "2023-01-01"},
    {"every": "month", "first": "2023-01-15"},
    {"every": "month", "first": "2023-01-28"},
    {"every": "week", "first": "2023-01-02"},
    {"every": "week", "first": "2023-01-07"},
    {"every": "week", "first": "2023-01-08"},
    {"every": "day", "first": "2023-10-01"},
)


def evaluate(project: Project, name: str, when: datetime) -> dg.ScheduleExecutionData:
    """A tick of a schedule, with its run requests resolved as the daemon does."""
    definitions = build_definitions(project)
    with (
        dg.instance_for_test() as instance,
        dg.build_schedule_context(
            instance, scheduled_execution_time=when, repository_def=definitions.get_repository_def()
        ) as context,
    ):
        return definitions.resolve_schedule_def(name).evaluate_tick(context)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: f"{grid['every']}-{grid['first']}")
@pytest.mark.parametrize("zone", [NEW_YORK, BERLIN, "Asia/Shanghai"])
def test_the_keys_of_an_open_ended_series_are_its_dates(grid: dict[str, str], zone: str) -> None:
    project = make_project(snapshots=grid, time_zone=zone)
    partitions = partitions_of(Pipeline(project))
    assert isinstance(partitions, dg.TimeWindowPartitionsDefinition)
    for now in (datetime(2024, 3, 31, 12, tzinfo=UTC), datetime(2024, 4, 1, 3, 59, tzinfo=UTC)):
        dates = project.snapshots.until(project.today(now))
        with dg.partition_loading_context(effective_dt=now):
            assert partitions.get_partition_keys() == [day.isoformat() for day in dates]


def test_a_key_begins_with_its_day() -> None:
    project = make_project(snapshots={"every": "month", "first": "2024-01-01"}, time_zone=NEW_YORK)
    partitions = partitions_of(Pipeline(project))
    midnight = datetime(2024, 3, 1, tzinfo=ZoneInfo(NEW_YORK))
    for now, is_there in ((midnight - timedelta(seconds=1), False), (midnight, True)):
        with dg.partition_loading_context(effective_dt=now):
            assert partitions.has_partition_key("2024-03-01") == is_there


@pytest.mark.parametrize(
    ("grid", "keys"),
    [
        ({"dates": ["2024-01-31", "2024-02-29"]}, ["2024-01-31", "2024-02-29"]),
        ({"every": "month", "first": "2024-01-31", "last": "2024-04-10"},
         ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-10"]),
    ],
)  # fmt: skip
def test_the_keys_of_a_finite_series_are_listed(grid: dict[str, object], keys: list[str]) -> None:
    assert partitions_of(Pipeline(make_project(snapshots=grid))).get_partition_keys() == keys


def test_nothing_is_asked_for_before_the_first_load(tmp_path: Path) -> None:
    project = make_project(tmp_path, snapshots={"every": "month", "first": "2024-01-01"})
    tick = evaluate(project, "snapshot_when_due", datetime(2024, 3, 1, 5, tzinfo=UTC))
    assert not tick.run_requests and tick.skip_message == "nothing is loaded yet: the job `load` comes first"


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Helsinki", date(2024, 3, 31)),  # has no 3:00 on that Sunday
        ("Europe/Helsinki", date(2024, 10, 27)),  # and two of them on that one
        (NEW_YORK, date(2024, 3, 10)),
        (NEW_YORK, date(2024, 11, 3)),
        (BERLIN, date(2024, 10, 27)),
    ],
)
def test_each_day_has_one_load_where_clocks_change(zone: str, around: date) -> None:
    schedule = build_definitions(make_project(time_zone=zone)).resolve_schedule_def("daily_load")
    first = datetime(around.year, around.month, around.day, tzinfo=ZoneInfo(zone)) - timedelta(days=2)
    ticks = list(islice(schedule_execution_time_iterator(first.timestamp(), schedule.cron_schedule, zone), 4))
    days = [tick.astimezone(ZoneInfo(zone)).date() for tick in ticks]
    assert days == [around + timedelta(days=number) for number in (-2, -1, 0, 1)]
    keys = []
    for tick in ticks:
        with dg.build_schedule_context(scheduled_execution_time=tick) as context:
            keys += [request.run_key for request in schedule.evaluate_tick(context).run_requests or []]
    assert keys == [f"load-{day}" for day in days]


def test_the_sources_are_loaded_every_night() -> None:
    (request,) = evaluate(make_project(), "daily_load", datetime(2024, 3, 2, 3, tzinfo=UTC)).run_requests or []
    assert (request.run_key, request.partition_key) == ("load-2024-03-02", None)


def test_the_sensor_asks_once_per_change(built_files: Path) -> None:
    sensor = build_definitions(load_project(built_files)).resolve_sensor_def("source_file_changed")
    cursor: str | None = None

    def look() -> tuple[int, str | None]:
        nonlocal cursor
        with dg.instance_for_test() as instance, dg.build_sensor_context(instance, cursor=cursor) as context:
            found = sensor.evaluate_tick(context)
        cursor = found.cursor
        return len(found.run_requests or []), found.skip_message

    lines = built_files / "order_lines.csv"
    assert look()[0] == 1
    assert look() == (0, "no source file changed")
    lines.write_text(lines.read_text() + "\n")
    assert look()[0] == 1
    assert look() == (0, "no source file changed")
    os.utime(lines, ns=(0, 0))
    assert look()[0] == 1
    content = lines.read_text()
    lines.unlink()
    requests, says = look()
    assert requests == 0 and says is not None and "no file matches 'order_lines.csv'" in says
    lines.write_text(content)
    assert look()[0] == 1


@pytest.fixture
def built_files(tmp_path: Path) -> Path:
    """A project's files, not built."""
    from crm_pipeline_tests.acceptance.shops import small_shop

    return write_project(tmp_path / "shop", small_shop())


def test_what_the_schedule_asks_for_runs(project: Path) -> None:
    """A company that goes on: a late snapshot waits without a failing run, and is built when it can be."""
    replace_in(project / "crm.yaml", "{dates: [2022-05-01, 2022-06-01, 2022-07-01]}", OPEN_ENDED)
    before, late = ledger_hashes(project), date(2022, 7, 1)
    at_five = datetime(2022, 7, 1, 5, tzinfo=ZoneInfo(BERLIN))

    def asked(when: datetime) -> tuple[list[dg.RunRequest], str | None]:
        tick = evaluate(load_project(project), "snapshot_when_due", when)
        return list(tick.run_requests or []), tick.skip_message

    assert asked(at_five) == ([], "every snapshot is up to date; the next is 2022-08-01")
    waits = "2022-08-01 waits: the sources of orders are complete to 2022-06-30"
    assert asked(at_five.replace(month=8)) == ([], waits)

    lose(project, "customer_recommendations", late)
    assert {key for key in before if key not in ledger_hashes(project)} == {("customer_recommendations", late)}
    hours_later = datetime(2022, 7, 3, 14, tzinfo=ZoneInfo(BERLIN))
    (request,) = asked(hours_later)[0]
    assert (request.partition_key, request.run_key) == (
        "2022-07-01",
        "snapshot-2022-07-01 as of 2022-06-30 on 2022-07-03",
    )
    assert asked(hours_later.replace(hour=15))[0][0].run_key == request.run_key, "what failed is not tried each hour"
    replace_in(project / "crm.yaml", "sources:", "automation: declarative\nsources:")
    assert not asked(hours_later)[0], "conditions ask for the newest snapshot's tables one by one"
    assert [request.partition_key for request in asked(hours_later.replace(month=8))[0]] == ["2022-07-01"]
    replace_in(project / "crm.yaml", "automation: declarative\n", "")
    with Warehouse(load_project(project)).locked():
        requests, reason = asked(hours_later)
    assert not requests and "another run is writing" in str(reason)
    job = build_definitions(load_project(project)).resolve_job_def("snapshot")
    ended = job.execute_in_process(
        instance=instance_of(project), partition_key=request.partition_key, tags=request.tags, raise_on_error=False
    )
    assert ended.success and ledger_hashes(project) == before
    assert asked(hours_later)[1] == "every snapshot is up to date; the next is 2022-08-01"


def lose(folder: Path, table: str, part: date) -> None:
    """As if a snapshot's part of a table had not been built."""
    contract = all_tables()[table]
    with duckdb.connect(str(folder / "warehouse" / "crm.duckdb")) as connection:
        for name, column in (
            (contract.qualified_name, contract.partition_column),
            ("quality.table_versions", "snapshot_date"),
        ):
            of_table = "" if name == contract.qualified_name else f" and table_name = '{table}'"
            connection.execute(f"delete from {name} where {column} = ?{of_table}", [part])
