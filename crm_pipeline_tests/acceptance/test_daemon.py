"""Dagster's daemon as docs/operations.md sets it up: a dropped file reaches readers by a run that it launches.

The history of runs is kept in SQLite (the default), or in PostgreSQL with the file of `deploy/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline_tests.acceptance.commands import REPOSITORY, crm, environment
from crm_pipeline_tests.acceptance.contents import ledger_hashes, query, row_hashes
from crm_pipeline_tests.acceptance.daemon import Production, asked, sensor_ticks, start_sensor
from crm_pipeline_tests.acceptance.shops import drop_a_line, replace_in
from crm_pipeline_tests.ingestion.connectors.servers import PASSWORD as SERVER_PASSWORD
from crm_pipeline_tests.ingestion.connectors.servers import Server, postgres_server

pytestmark = pytest.mark.full

SENSOR = "source_file_changed"
LIMIT_SECONDS = 600
RUNS = "{ runsOrError { ... on Runs { results { status tags { key value } } } } }"
PASSWORD = "planted secret"


def lines_that_readers_see(folder: Path) -> int:
    """Order lines of the published copy."""
    return int(query(folder, "select count(*) from cleaned.order_lines", "published.duckdb")[0][0])


def assert_a_dropped_file_reaches_readers(shop: Production, ticks: int) -> None:
    """From the file to the copy for readers without a hand, once in however many looks of the sensor."""
    before = lines_that_readers_see(shop.folder)
    drop_a_line(shop.folder)

    def loaded(instance: dg.DagsterInstance) -> bool:
        runs = instance.get_runs()
        return bool(runs) and runs[0].is_finished and len(sensor_ticks(instance, SENSOR)) >= ticks

    known = {run.run_id for run in _runs(shop)}
    with shop.web_server() as address:
        start_sensor(address, SENSOR)
        with shop.daemon() as daemon:
            shop.wait_for(daemon, loaded, LIMIT_SECONDS)
        runs = asked(address, RUNS)["runsOrError"]["results"]
    launched = [run for run in runs if {"key": "dagster/sensor_name", "value": SENSOR} in run["tags"]]
    assert [run["status"] for run in launched] == ["SUCCESS"]
    said = shop.log("dagster-daemon").read_text()
    assert daemon.returncode == 0 and "Daemon threads shut down" in said, said[-4000:]
    new = [(run.job_name, run.status) for run in _runs(shop) if run.run_id not in known]
    assert new == [("load", dg.DagsterRunStatus.SUCCESS)], said[-4000:]
    assert row_hashes(shop.folder) == ledger_hashes(shop.folder)
    assert lines_that_readers_see(shop.folder) == before + 1
    told = crm("status", shop.folder)
    assert told.code == 0 and "Readers see the newest state" in told.text and "Last run: success" in told.text, told


def _runs(shop: Production) -> list[dg.DagsterRun]:
    with shop.look() as instance:
        return list(instance.get_runs())


def test_with_history_in_sqlite(project: Path, tmp_path: Path) -> None:
    shop = Production(project, environment(project), tmp_path)
    assert_a_dropped_file_reaches_readers(shop, ticks=2)


@contextmanager
def history_server() -> Iterator[Server]:
    """PostgreSQL with a database and an account of Dagster's own."""
    import psycopg

    server = postgres_server()
    server.start()
    try:
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="shop", password=SERVER_PASSWORD, dbname="postgres",
            autocommit=True,
        ) as connection:  # fmt: skip
            connection.execute("create role dagster login")
            connection.execute(f"alter role dagster password '{PASSWORD}'")
            connection.execute("create database dagster owner dagster")
        yield server
    finally:
        server.stop()


def test_with_history_in_postgresql(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    shop = Production(project, environment(project) | {"DAGSTER_PG_PASSWORD": PASSWORD}, tmp_path)
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", PASSWORD)
    with history_server() as server:
        settings = project / "warehouse" / "dagster" / "dagster.yaml"
        settings.write_text((REPOSITORY / "deploy" / "dagster.postgres.yaml").read_text(encoding="utf-8"))
        replace_in(settings, "hostname: db.example", "hostname: 127.0.0.1")
        replace_in(settings, "port: 5432", f"port: {server.port}")
        assert_a_dropped_file_reaches_readers(shop, ticks=1)
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="dagster", password=PASSWORD, dbname="dagster"
        ) as connection:
            kept = {
                table: connection.execute(f"select count(*) from {table}").fetchone()  # type: ignore[arg-type]
                for table in ("runs", "event_logs", "instigators", "job_ticks")
            }
            assert connection.execute("select status, pipeline_name from runs").fetchall() == [("SUCCESS", "load")]
        assert all(count and count[0] for count in kept.values()), kept
        assert "Nothing to do" in crm("run", project).text
