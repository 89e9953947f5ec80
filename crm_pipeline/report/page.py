"""The report of one snapshot as one HTML file that opens offline, in English, Chinese or German.

The same published state gives the same bytes: the page tells the ledger's times, not the clock's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.report.blocks import Chapter, Desk
from crm_pipeline.report.cells import Reader, Result, plain, tables_of
from crm_pipeline.report.chapters import write_chapters
from crm_pipeline.report.queries import ALL
from crm_pipeline.report.wording import Wording
from crm_pipeline.warehouse.write_aside import write_aside

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STATE = "select max(version) as version, max(built_at) as built_at from quality.table_versions"
SNAPSHOTS = "select distinct snapshot_date from features.customer_features order by snapshot_date"


@dataclass(frozen=True)
class Source:
    """What the appendix says of one query."""

    name: str
    tables: Sequence[str]
    columns: Sequence[str]
    filters: Sequence[str]
    sql: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]


def snapshots_in(connection: DuckDBPyConnection) -> list[date]:
    """Snapshot dates that the published file holds."""
    there = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'features' and table_name = 'customer_features'"
    ).fetchall()
    return [row[0] for row in connection.execute(SNAPSHOTS).fetchall()] if there else []


def chosen_snapshot(connection: DuckDBPyConnection, wanted: date | None) -> date:
    """The wanted snapshot, or the newest; UserError when it is not there."""
    known = snapshots_in(connection)
    if not known:
        raise UserError("no snapshot is published yet; start with: crm-pipeline run")
    if wanted is None:
        return known[-1]
    if wanted not in known:
        shown = ", ".join(map(str, known[-6:]))
        raise UserError(f"snapshot {wanted} is not published; the newest are {shown}")
    return wanted


def render_report(connection: DuckDBPyConnection, project: str, currency: str, language: str, snapshot: date) -> str:
    """The report as text; ``connection`` is open on the published copy and only read."""
    desk = Desk(Reader(connection, ALL, {"snapshot_date": snapshot}), Wording(language, currency))
    chapters = write_chapters(desk)
    words = desk.words
    version, built_at = connection.execute(STATE).fetchall()[0]
    intro = [
        words("subtitle").format(project=project, day=snapshot),
        words("state").format(version=version, built_at=f"{built_at:%Y-%m-%d %H:%M}"),
    ]
    return render_page(desk, f"{words('title')}: {project}", intro, chapters)


def render_page(desk: Desk, heading: str, intro: Sequence[str], chapters: Sequence[Chapter]) -> str:
    """Chapters and the appendix of the queries that were used."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    folder = files("crm_pipeline")
    style = "".join(
        folder.joinpath(*path).read_text(encoding="utf-8") for path in (("page_style.css",), ("report", "style.css"))
    )
    template = environment.from_string(folder.joinpath("report", "page.html").read_text(encoding="utf-8"))
    return template.render(
        language=desk.words.language,
        heading=heading,
        intro=intro,
        t=desk.words,
        style=Markup(style),
        chapters=chapters,
        sources=[_source(result) for result in desk.read.results.values()],
    )


def _source(result: Result) -> Source:
    columns, filters = named_in(result.sql)
    return Source(
        result.name,
        [".".join(pair) for pair in tables_of(result.sql)],
        columns,
        filters,
        result.sql,
        result.columns,
        [[plain(value) for value in row] for row in result.rows],
    )


def named_in(sql: str) -> tuple[list[str], list[str]]:
    """Columns that a query reads, and the conditions that it filters by, as its own text says."""
    import sqlglot
    from sqlglot import expressions as exp

    tree = sqlglot.parse_one(sql, read="duckdb")
    columns = dict.fromkeys(column.name for column in tree.find_all(exp.Column))
    wheres = dict.fromkeys(where.this.sql(dialect="duckdb") for where in tree.find_all(exp.Where))
    return list(columns), list(wheres)


def write_atomically(text: str, target: Path) -> Path:
    """Write a page at once: readers see the former one or this one. WarehouseError when it cannot be written."""
    with write_aside(target) as draft:
        draft.write_text(text, encoding="utf-8")
    return target
