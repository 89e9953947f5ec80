"""Real PostgreSQL and MariaDB servers: types, increments, ties, servers that die, and what can be wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors import sql
from crm_pipeline.project import Project, load_project
from crm_pipeline_tests.acceptance.commands import REPOSITORY, environment
from crm_pipeline_tests.ingestion.connectors.landing_shop import (
    URL,
    Database,
    land,
    landed_rows,
    parquet_files,
    sql_project,
)
from crm_pipeline_tests.ingestion.connectors.servers import PASSWORD
from crm_pipeline_tests.ingestion.loading import staged_rows

TABLE = """create table order_lines (order_line_id integer primary key, order_id varchar(20), customer_id varchar(20),
    product_id varchar(20), ordered_at timestamp, quantity integer, net_amount decimal(12, 2), updated_at timestamp)"""


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty table of order lines on each server; its address is in the environment."""
    fixture = {"postgresql": "postgres", "mariadb": "mariadb"}[request.param]
    found = Database(request.param, request.getfixturevalue(fixture))
    monkeypatch.setenv(URL, found.url)
    found.execute("drop table if exists order_lines", TABLE)
    yield found


def lines(first: int, last: int, updated_at: str, amount: str = "2.50") -> str:
    """An insert of order lines with these numbers."""
    rows = (
        f"({n}, 'o{n}', 'c{n % 7}', 'tea', '2024-01-01 10:00:00', 1, {amount}, '{updated_at}')"
        for n in range(first, last + 1)
    )
    return "insert into order_lines values " + ", ".join(rows)


def by_update(folder: Path, **settings: Any) -> Project:
    """Lines that are read by the time of their last change, which replaces what was read before."""
    sql = {"url": f"${{{URL}}}", "table": "order_lines", "cursor": "updated_at", "key": ["order_line_id"]}
    return sql_project(folder, {"sql": {**sql, **settings}})


def numbers(project: Project) -> list[int]:
    return [int(row[0]) for row in landed_rows(project, "order_line_id")]


def test_a_second_load_reads_only_what_is_new(database: Database, tmp_path: Path) -> None:
    project = by_update(tmp_path)
    database.execute(lines(1, 3, "2024-01-01 10:00:00"))
    assert (land(project), land(project)) == (3, 0)
    database.execute(lines(4, 5, "2024-01-02 10:00:00"))
    assert land(project) == 2
    assert numbers(project) == [1, 2, 3, 4, 5]
    assert len(project.source_files("lines")) == 2


def test_rows_with_the_cursor_that_was_reached_are_neither_lost_nor_doubled(database: Database, tmp_path: Path) -> None:
    project = by_update(tmp_path, key=[])
    database.execute(lines(1, 2, "2024-01-01 10:00:00"))
    land(project)
    database.execute(lines(3, 3, "2024-01-01 10:00:00"))  # committed later, within the same second
    assert land(project) == 1
    assert numbers(project) == [1, 2, 3]


def test_a_changed_row_replaces_its_older_version(database: Database, tmp_path: Path) -> None:
    project = by_update(tmp_path)
    database.execute(lines(1, 2, "2024-01-01 10:00:00"))
    land(project)
    database.execute("update order_lines set net_amount = 9, updated_at = '2024-01-03' where order_line_id = 1")
    land(project)
    judged = [(row["order_line_id"], str(row["net_amount"]), row["verdict"]) for row in staged_rows(project)]
    assert judged == [("1", "2.5000", "duplicate"), ("2", "2.5000", "clean"), ("1", "9.0000", "clean")]


def test_a_row_that_becomes_wrong_at_the_source_hides_its_good_version(database: Database, tmp_path: Path) -> None:
    project = by_update(tmp_path)
    database.execute(lines(1, 1, "2024-01-01 10:00:00"))
    land(project)
    database.execute("update order_lines set product_id = null, updated_at = '2024-01-03'")
    land(project)
    assert [(row["verdict"], row["rule"]) for row in staged_rows(project)] == [
        ("duplicate", None),
        ("rejected", "product_id is missing"),
    ]


def test_rows_that_were_committed_late_are_found_by_an_overlap(database: Database, tmp_path: Path) -> None:
    project = by_update(tmp_path, overlap_minutes=30)
    database.execute(lines(1, 2, "2024-01-01 10:00:00"))
    land(project)
    database.execute(lines(3, 3, "2024-01-01 09:45:00"))
    assert (land(project), land(project)) == (1, 0)
    assert numbers(project) == [1, 2, 3]


def test_without_a_cursor_the_whole_is_replaced_when_it_differs(database: Database, tmp_path: Path) -> None:
    project = by_update(tmp_path, cursor=None)
    database.execute(lines(1, 3, "2024-01-01 10:00:00"))
    land(project)
    (file,) = project.source_files("lines")
    written = file.stat().st_ino
    land(project)
    assert file.stat().st_ino == written
    database.execute("delete from order_lines where order_line_id = 2")
    land(project)
    assert numbers(project) == [1, 3]


def test_a_query_is_read_as_it_stands(database: Database, tmp_path: Path) -> None:
    query = "select l.*, '100 % :of' as note from order_lines l where net_amount > 1 -- all that cost\n;"
    project = by_update(tmp_path, table=None, query=query)
    database.execute(lines(1, 2, "2024-01-01 10:00:00"))
    land(project)
    database.execute(lines(3, 3, "2024-01-02 10:00:00"))
    land(project)
    assert landed_rows(project, "order_line_id, note") == [(n, "100 % :of") for n in ("1", "2", "3")]


def test_another_query_begins_anew_and_its_rows_replace_the_old_ones(database: Database, tmp_path: Path) -> None:
    database.execute(lines(1, 3, "2024-01-01 10:00:00"))
    land(by_update(tmp_path))
    project = by_update(tmp_path, table=None, query="select * from order_lines where order_line_id > 1")
    assert land(project) == 2
    assert len(list((tmp_path / "warehouse" / "landed" / "lines").iterdir())) == 1


def test_until_another_query_is_read_to_its_end_the_old_rows_stay(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "FETCH_ROWS", 1)
    monkeypatch.setattr(sql, "FILE_ROWS", 1)
    database.execute(lines(1, 3, "2024-01-01 10:00:00"))
    old = by_update(tmp_path, key=[])
    land(old)
    project = by_update(tmp_path)

    def stop(text: str) -> None:
        raise InterruptedError

    with pytest.raises(CrmError):
        sql_land(project, stop)
    assert len(parquet_files(project)) == 1 and project.source_files("lines") == old.source_files("lines") != []
    land(project)
    assert project.source_files("lines") == parquet_files(project)


def test_large_tables_land_in_files_of_bounded_size(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "FETCH_ROWS", 10)
    monkeypatch.setattr(sql, "FILE_ROWS", 20)
    project = by_update(tmp_path)
    database.execute(lines(1, 30, "2024-01-01 10:00:00"), lines(31, 50, "2024-01-02 10:00:00"))
    assert land(project) == 50
    assert len(project.source_files("lines")) == 3
    assert sorted(numbers(project)) == list(range(1, 51))


@pytest.mark.parametrize("victim", ["client", pytest.param("server", marks=pytest.mark.full)])
def test_a_load_that_is_killed_goes_on_with_nothing_lost_or_doubled(
    victim: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "FETCH_ROWS", 50)
    monkeypatch.setattr(sql, "FILE_ROWS", 200)
    for day in range(1, 11):  # one cursor for each 500 rows: files end among ties
        database.execute(lines(day * 500 - 499, day * 500, f"2024-01-{day:02} 10:00:00"))
    wide = "select l.*, repeat('x', 3000) as padding from order_lines l"  # more than the connection's buffers hold
    project = by_update(tmp_path, table=None, query=wide)

    class Killed(BaseException):
        """The client dies."""

    def die(text: str) -> None:
        if len(parquet_files(project)) == 3:
            if victim == "client":
                raise Killed
            database.server.kill()

    with pytest.raises(CrmError if victim == "server" else Killed) as told:
        sql_land(project, die)
    if victim == "server":
        database.server.start()
        assert "the connection failed or was lost" in str(told.value) and PASSWORD not in str(told.value)
    before = len(numbers(project))
    assert project.source_files("lines") == []  # half of a source is nobody's data
    assert 600 <= before < 5000
    assert land(project) == 5000 - before
    assert sorted(numbers(project)) == list(range(1, 5001))


@pytest.mark.full
def test_a_process_that_is_killed_at_any_moment_loses_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    for day in range(1, 21):
        database.execute(lines(day * 1000 - 999, day * 1000, f"2024-01-{day:02} 10:00:00"))
    (tmp_path / "crm.yaml").write_text(KILLED_YAML, encoding="utf-8")
    project = load_project(tmp_path)
    kills = 0
    for files in (2, 5, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED_CODE, str(tmp_path)], cwd=REPOSITORY, env=environment()
        )
        while len(parquet_files(project)) < files and process.poll() is None:
            time.sleep(0.001)
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills >= 2
    land(project)
    assert sorted(numbers(project)) == list(range(1, 20_001))
    assert not list(project.landed_folder("lines").glob("*.part"))


KILLED_YAML = """name: shop
currency: EUR
snapshots: {every: month, first: 2024-01-01}
sources:
  lines:
    entity: order_lines
    extract: {sql: {url: "${SHOP_DB_URL}", table: order_lines, cursor: updated_at, key: [order_line_id]}}
    columns: {order_line_id: order_line_id, order_id: order_id, product_id: product_id, ordered_at: ordered_at,
      quantity: quantity, net_amount: net_amount}
"""
KILLED_CODE = """import sys
from crm_pipeline.ingestion.connectors import sql
from crm_pipeline.ingestion.connectors.extraction import land_source
from crm_pipeline.project import load_project
sql.FETCH_ROWS, sql.FILE_ROWS = 300, 600
land_source(load_project(sys.argv[1]), "lines", lambda text: None)
"""


def sql_land(project: Project, progress: Any) -> int:
    from crm_pipeline.ingestion.connectors.extraction import land_source

    return land_source(project, "lines", progress)


POSTGRES_VALUES = {
    "1234567890123456789012345678.123456789012345678901234567890::numeric": (
        "1234567890123456789012345678.123456789012345678901234567890"
    ),
    "'NaN'::numeric": "NaN",
    "0.1::double precision + 0.2": "0.30000000000000004",
    "9223372036854775807::bigint": "9223372036854775807",
    "timestamptz '2024-03-31 03:30:00.123456+02'": "2024-03-31 01:30:00.123456+00",
    "timestamp '2024-03-31 02:30:00'": "2024-03-31 02:30:00",
    "'infinity'::timestamp": "infinity",
    "date '0044-03-15 BC'": "0044-03-15 BC",
    "interval '1 day 02:00'": "P1DT2H",
    "true": "t",
    "null::text": None,
    "''::text": "",
    "'Zoë 😀 \u0416'::text": "Zoë 😀 \u0416",
    "'\\x00ff10'::bytea": "\\x00ff10",
    "array['a', null, 'b,c']": '{a,NULL,"b,c"}',
    "'{\"a\": 1.10}'::json": '{"a": 1.10}',
    "'0f0e0d0c-0b0a-0908-0706-050403020100'::uuid": "0f0e0d0c-0b0a-0908-0706-050403020100",
}
MARIADB_VALUES = {
    "cast('123456789012345678901234567.12345678901234567890' as decimal(60, 20))": (
        "123456789012345678901234567.12345678901234567890"
    ),
    "cast(0.1 as double) + cast(0.2 as double)": "0.30000000000000004",
    "cast(18446744073709551615 as unsigned)": "18446744073709551615",
    "timestamp('2024-03-31 02:30:00.123456')": "2024-03-31 02:30:00.123456",
    "time('-838:59:59')": "-838:59:59",
    "null": None,
    "''": "",
    "'Zoë 😀 \u0416'": "Zoë 😀 \u0416",
    "x'00ff10'": "\\x00ff10",
    "json_object('a', 1.10)": '{"a": 1.10}',
}


def test_values_keep_every_digit_and_zone(database: Database, tmp_path: Path) -> None:
    values = POSTGRES_VALUES if database.kind == "postgresql" else MARIADB_VALUES
    selected = ", ".join(f"{expression} as v{number}" for number, expression in enumerate(values))
    project = by_update(tmp_path, table=None, query=f"select {selected}", cursor=None, key=[])
    land(project)
    names = ", ".join(f"v{number}" for number in range(len(values)))
    assert landed_rows(project, names) == [tuple(values.values())]


def test_a_timestamp_of_mariadb_says_that_it_is_in_utc_and_works_as_cursor(mariadb: Any, tmp_path: Path) -> None:
    database = Database("mariadb", mariadb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL, database.url)
        database.execute(
            "drop table if exists order_lines",
            "create table order_lines (order_line_id int, local datetime, updated_at timestamp(6) null)",
            "set time_zone = '+02:00'",
            "insert into order_lines values (1, '2024-01-01 10:00', '2024-01-01 10:00:00.5')",
        )
        project = by_update(tmp_path)
        assert (land(project), land(project)) == (1, 0)
    expected = [("2024-01-01 10:00:00", "2024-01-01 08:00:00.500000+00")]
    assert landed_rows(project, "local, updated_at") == expected


def wrong(database: Database, what: str) -> tuple[dict[str, Any], str]:
    """Settings with one mistake, and what the message has to say."""
    url = sa.make_url(database.url)
    return {
        "password": ({"url": url.set(password="gue$sed-s3cret")}, "the database refused it"),
        "database": ({"url": url.set(database="nowhere")}, "nowhere"),
        "table": ({"table": "order_linez"}, "order_linez"),
        "cursor": ({"cursor": "changed_at"}, "changed_at"),
        "query": ({"table": None, "query": "selekt 1"}, "syntax"),
        "address": ({"url": "postgresql://shop@127.0.0.1:port/x"}, "`url` is not the address of a database"),
        "kind": ({"url": "dbase3://shop@127.0.0.1/x"}, "'dbase3' is not a known database"),
        "key": ({"key": ["customer_id"]}, "does not identify a row"),
    }[what]


@pytest.mark.parametrize("what", ["password", "database", "table", "cursor", "query", "address", "kind", "key"])
def test_a_mistake_is_one_message_without_secrets(
    what: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, said = wrong(database, what)
    database.execute(lines(1, 9, "2024-01-01 10:00:00"))
    if isinstance(settings.get("url"), sa.URL):
        monkeypatch.setenv("SHOP_DB_OTHER", settings["url"].render_as_string(hide_password=False))
        settings["url"] = "${SHOP_DB_OTHER}"
    with pytest.raises(UserError) as told:
        land(by_update(tmp_path, **settings))
    text = str(told.value)
    assert said in text and "sources.lines.extract" in text + "sources.lines.extract" * ("`url`" in text)
    assert "gue$sed" not in text and PASSWORD not in text and told.value.__cause__ is None
    assert told.value.__context__ is None


def test_a_server_that_is_not_there_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "postgresql://shop:hush-hush@127.0.0.1:1/shop")
    pytest.importorskip("psycopg")
    with pytest.raises(CrmError, match="the connection failed or was lost") as told:
        land(by_update(tmp_path))
    assert not isinstance(told.value, UserError) and "hush" not in str(told.value)


def test_a_query_cannot_change_the_source(database: Database, tmp_path: Path) -> None:
    database.execute(lines(1, 1, "2024-01-01 10:00:00"))
    change = "with gone as (delete from order_lines returning *) select * from gone"
    if database.kind == "mariadb":
        database.execute("create or replace sequence counter")
        change = "select nextval(counter) as n"
    with pytest.raises(CrmError):
        land(by_update(tmp_path, table=None, query=change, cursor=None, key=[]))


def test_rows_without_a_cursor_value_are_not_passed_over(database: Database, tmp_path: Path) -> None:
    database.execute(lines(1, 2, "2024-01-01 10:00:00"), "alter table order_lines add column seen_at timestamp null")
    with pytest.raises(UserError, match="2 rows have no seen_at"):
        land(by_update(tmp_path, cursor="seen_at"))


def test_an_error_about_a_value_does_not_tell_the_value(postgres: Any, tmp_path: Path) -> None:
    database = Database("postgresql", postgres)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL, database.url)
        query = "select cast(who as integer) as n from (values ('jane@example.com')) as people(who)"
        with pytest.raises(CrmError, match="code 22P02") as told:
            land(by_update(tmp_path, table=None, query=query, cursor=None, key=[]))
    assert "jane" not in str(told.value)
