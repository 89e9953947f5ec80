"""Runs of the command line whose sources are a database and a web service; what they say and keep holds no secret."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import pytest
import sqlalchemy as sa

from crm_pipeline_tests.acceptance.commands import Ended, crm, crm_process
from crm_pipeline_tests.ingestion.connectors.landing_shop import URL, Database
from crm_pipeline_tests.ingestion.connectors.servers import PASSWORD, Server
from crm_pipeline_tests.ingestion.connectors.web_shop import TOKEN, WebShop, web_shop

WRONG = "wr0ng-pl@nted:secret"
TABLES = "source_files,staged_order_lines,staged_customers"
CRM_YAML = """name: shop
currency: EUR
snapshots: {every: month, first: 2024-01-01, last: 2024-02-01}
sources:
  lines:
    entity: order_lines
    extract: {sql: {url: "${SHOP_DB_URL}", table: run_lines, cursor: updated_at, key: [id]}}
    columns: {order_line_id: id, order_id: id, product_id: item, ordered_at: at, quantity: n, net_amount: amount}
  people:
    entity: customers
    extract:
      rest:
        url: SERVICE/next
        records: data.orders
        paging: {kind: next_url, field: links.next}
        auth: {param: {key: "${SHOP_TOKEN}"}}
        retries: 1
    columns: {customer_id: id, region: item}
"""
SETUP = (
    "drop table if exists run_lines",
    "create table run_lines (id integer primary key, item text, at timestamp, n integer, amount numeric(12,2), "
    "updated_at timestamp)",
    "insert into run_lines select g, 'tea', '2024-01-01', 1, 2.5, '2024-01-02' from generate_series(1, 5) as g",
)


@dataclass
class Project:
    """A project on disk, with the servers it reads from."""

    folder: Path
    database: Database
    service: WebShop
    said: list[Ended]

    def run(self, command: str = "run", *options: str) -> Ended:
        """A command in this process."""
        self.said.append(crm(command, self.folder, *options))
        return self.said[-1]

    def run_debugged(self, *options: str) -> Ended:
        """A run in a process of its own, which prints the traceback of an error."""
        self.said.append(crm_process("run", self.folder, "--debug", *options))
        return self.said[-1]

    def counts(self) -> list[tuple[str, int, int]]:
        """Per source its current files and their rows."""
        with duckdb.connect(str(self.folder / "warehouse" / "crm.duckdb"), read_only=True) as connection:
            sql = "select source, count(*), sum(row_count)::int from ingestion.source_files where is_current"
            return connection.execute(f"{sql} group by source order by source").fetchall()


@pytest.fixture
def project(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Order lines in PostgreSQL, customers behind a web service; every secret is right."""
    database = Database("postgresql", postgres)
    database.execute(*SETUP)
    monkeypatch.setenv(URL, database.url)
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    folder = tmp_path / "shop"
    folder.mkdir()
    with web_shop() as service:
        service.orders = [{"id": f"c{n}", "item": "north", "updated": "2024"} for n in range(4)]
        service.accepted = lambda headers, query: query.get("key") == TOKEN
        (folder / "crm.yaml").write_text(CRM_YAML.replace("SERVICE", service.base), encoding="utf-8")
        yield Project(folder, database, service, [])


@pytest.mark.full
def test_runs_that_succeed_and_runs_that_fail_keep_the_tables_and_tell_no_secret(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry = project.run("run", "--dry-run", "--select", TABLES)
    assert dry.code == 0 and "asks lines, people for what is new" in dry.text and not project.service.requests
    assert project.run("check").code in (0, 2)

    assert project.run("run", "--select", TABLES).code == 0, project.said[-1].text
    assert project.counts() == [("lines", 1, 5), ("people", 1, 4)]
    project.database.execute("insert into run_lines values (6, 'tea', '2024-01-03', 1, 2.5, '2024-01-03')")
    assert project.run("run", "--select", TABLES).code == 0
    assert project.counts() == [("lines", 2, 6), ("people", 1, 4)]

    other = sa.make_url(project.database.url).set(password=WRONG).render_as_string(hide_password=False)
    for variable, value, code, words in (
        (URL, other, 2, "lines.extract: the database refused it"),
        (URL, f"postgresql://shop:{quote(WRONG, safe='')}@127.0.0.1:1/shop", 1, "the connection failed or was lost"),
        (URL, "", 2, "sources.lines.extract: the environment variable SHOP_DB_URL is empty"),
        ("SHOP_TOKEN", WRONG, 2, "people.extract.rest: the service refused who asks"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            ended = project.run_debugged("--select", TABLES) if code == 1 else project.run("run", "--select", TABLES)
        assert ended.code == code and words in ended.text, ended.text
    assert project.counts() == [("lines", 2, 6), ("people", 1, 4)]
    project.run("status")
    assert_no_secret(project)


def assert_no_secret(project: Project) -> None:
    """No file below the project and nothing that was said holds a secret in any form."""
    forms = set()
    for secret in (PASSWORD, TOKEN, WRONG):
        forms |= {secret, quote(secret, safe=""), quote_plus(secret), quote(secret)}
        forms.add(base64.b64encode(secret.encode()).decode())
    said = "\n".join(ended.out + ended.err for ended in project.said)
    assert [form for form in forms if form in said] == []
    searched = 0
    for path in project.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            searched += 1
            assert [form for form in forms if form.encode() in content] == [], path
    for name in ("crm.duckdb", "vault.duckdb"):
        with duckdb.connect(str(project.folder / "warehouse" / name), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                rows = connection.execute(f'select t::varchar from "{schema}"."{table}" as t').fetchall()
                assert [form for form in forms for (row,) in rows if form in row] == [], table
    assert searched > 20
