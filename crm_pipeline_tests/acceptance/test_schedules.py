"""Schedules and the sensor ask for the right runs at the right times, and what they ask for runs."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from crm_pipeline.assets import partitions_of
from crm_pipeline.definitions import build_definitions
from crm_pipeline.pipeline import Pipeline, all_tables
from crm_pipeline.project import Project, load_project
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


@pytest.mark.parametrize(
    ("when", "key"),
    [
        ("2024-03-01T05:00-05:00", "2024-03-01"),
        ("2024-03-01T10:00+00:00", "2024-03-01"),  # the same moment, as the daemon may give it
        ("2024-04-01T05:00-04:00", "2024-04-01"),  # in summer time
    ],
)
def test_a_snapshot_is_asked_for_on_its_day(when: str, key: str) -> None:
    project = make_project(snapshots={"every": "month", "first": "2024-01-01"}, time_zone=NEW_YORK)
    (request,) = evaluate(project, "snapshot_when_due", datetime.fromisoformat(when)).run_requests or []
    assert (request.partition_key, request.run_key) == (key, f"snapshot-{key}")


@pytest.mark.parametrize(
    ("grid", "day", "says"),
    [
        ({"every": "month", "first": "2024-01-01"}, 2, "2024-03-02 is not a snapshot date; the next is 2024-04-01"),
        ({"every": "week", "first": "2024-01-01"}, 5, "2024-03-05 is not a snapshot date; the next is 2024-03-11"),
        ({"dates": ["2024-02-01"]}, 2, "2024-03-02 is not a snapshot date; the next is not planned"),
        ({"every": "month", "first": "2024-09-01"}, 1, "2024-03-01 is not a snapshot date; the next is 2024-09-01"),
    ],
)
def test_other_days_are_skipped_with_a_reason(grid: dict[str, object], day: int, says: str) -> None:
    tick = evaluate(make_project(snapshots=grid), "snapshot_when_due", datetime(2024, 3, day, 5, tzinfo=UTC))
    assert not tick.run_requests and tick.skip_message == says


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


def run_tick(folder: Path, when: datetime) -> dg.ExecuteInProcessResult:
    """The run that the snapshot schedule asks for at a time."""
    project = load_project(folder)
    (request,) = evaluate(project, "snapshot_when_due", when).run_requests or []
    job = build_definitions(project).resolve_job_def("snapshot")
    return job.execute_in_process(
        instance=instance_of(folder), partition_key=request.partition_key, tags=request.tags, raise_on_error=False
    )


def test_what_the_schedule_asks_for_runs(project: Path) -> None:
    """A company that goes on: its newest snapshot is built on its day, and the next waits for its data."""
    replace_in(project / "crm.yaml", "{dates: [2022-05-01, 2022-06-01, 2022-07-01]}", OPEN_ENDED)
    before = ledger_hashes(project)
    at_five = datetime(2022, 7, 1, 5, tzinfo=ZoneInfo(BERLIN))
    assert run_tick(project, at_five).success
    assert ledger_hashes(project) == before
    later = date(2022, 8, 1)
    waiting = run_tick(project, at_five.replace(month=8))
    assert not waiting.success
    (failed,) = [event for event in waiting.all_events if event.is_step_failure]
    assert failed.step_key == "source_coverage"
    assert "the sources are not complete to the snapshot yet" in str(failed.step_failure_data.user_failure_data)
    assert ledger_hashes(project) == before
    assert not [name for name, part in ledger_hashes(project) if part == later]
    counted = instance_of(project).get_materialized_partitions(dg.AssetKey("customer_rfm"))
    assert len(counted) == 3 and all_tables()["customer_rfm"].is_partitioned
