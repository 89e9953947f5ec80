"""The data-quality page: one HTML file that opens offline, in the project's language, from what the ledger knows.

The same state gives the same bytes: the page tells the ledger's times, not the clock's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_pipeline.project import Project
from crm_pipeline.quality import page_queries as queries
from crm_pipeline.quality.measures import DIMENSIONS, TABLE_NAME, measures_query, stand_ins
from crm_pipeline.quality.page_words import DIMENSION_NAMES, MEASURES, UNITS, WORDS, measure_name, number, percent
from crm_pipeline.quality.sparkline import sparkline
from crm_pipeline.report.cells import Result
from crm_pipeline.report.check_words import asked, observed
from crm_pipeline.report.wording import Wording
from crm_pipeline.warehouse.connection import translated

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PAGE_NAME = "data_quality.html"
MOST_WORDY = 40
MONTHS_SHOWN, LOADS_SHOWN = 36, 60

Row = dict[str, Any]


class Reader:
    """Runs the page's queries; `quality.data_quality` is computed for it, so that the page is never behind."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.connection = connection
        stand_ins(connection)
        connection.execute(f"create or replace temporary table measured as {measures_query()}")

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query by column name; none when a table that it reads is not built yet."""
        for schema, name in sorted(set(re.findall(r"\b(?:from|join) (\w+)\.(\w+)", sql))):
            if f"{schema}.{name}" != TABLE_NAME and not self.has(schema, name):
                return []
        result = self.connection.execute(sql.replace(TABLE_NAME, "measured"))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def has(self, schema: str, name: str) -> bool:
        """Whether a table is there."""
        sql = "select 1 from duckdb_tables() where schema_name = ? and table_name = ?"
        return bool(self.connection.execute(sql, [schema, name]).fetchall())


@dataclass(frozen=True)
class DimensionScore:
    """Mean score (0..1) of one dimension over ``subjects`` sources and tables, ``below_one`` of which fall short."""

    dimension: str
    score: float
    subjects: int
    below_one: int


def data_quality_summary(connection: DuckDBPyConnection) -> list[DimensionScore]:
    """The score of each dimension that anything was counted for."""
    found = {row["dimension"]: row for row in Reader(connection).rows(queries.DIMENSIONS)}
    return [
        DimensionScore(name, float(row["score"]), int(row["subjects"]), int(row["below_one"]))
        for name in DIMENSIONS
        if (row := found.get(name))
    ]


def write_page(connection: DuckDBPyConnection, project: Project, folder: Path) -> Path:
    """Write the page into ``folder``, replacing the former one at once; returns its path.

    WarehouseError when it cannot be written.
    """
    text = render_page(connection, project)
    target = folder / PAGE_NAME
    draft = target.with_suffix(".html.new")
    with translated(target):
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    return target


def render_page(connection: DuckDBPyConnection, project: Project) -> str:
    """The page as text. ``connection`` is open on the live file or on a copy; nothing is written to it."""
    import jinja2
    from markupsafe import Markup

    language = project.language
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": partial(percent, language=language),
        "number": partial(number, language=language),
        "measure": partial(measure_name, language=language),
    }
    package = files("crm_pipeline")
    template = environment.from_string(package.joinpath("quality", "page.html").read_text(encoding="utf-8"))
    reader = Reader(connection)
    return template.render(
        project=project.name,
        style=Markup(package.joinpath("page_style.css").read_text(encoding="utf-8")),
        language=language,
        t=WORDS[language],
        dimension_names=DIMENSION_NAMES[language],
        units=UNITS[language],
        definitions=MEASURES[language],
        dimensions=DIMENSIONS,
        queries={name: text.strip() for name, text in vars(queries).items() if name.isupper()},
        spark=lambda *given, **options: Markup(sparkline(*given, **options)),
        **_content(reader, language),
    )


def _content(reader: Reader, language: str) -> dict[str, Any]:
    """What the template shows, section by section."""
    state = reader.rows(queries.STATE)[0]
    scores = {row["dimension"]: row for row in reader.rows(queries.DIMENSIONS)}
    subjects = reader.rows(queries.SUBJECTS)
    sources = reader.rows(queries.SOURCES)
    return {
        "state": state,
        "scores": scores,
        "failed": _in_words(reader.rows(queries.FAILED_CHECKS)[:MOST_WORDY], language),
        "below": _below(subjects),
        "sources": sources,
        "leaves_out": any(row["left_out"] for row in sources),
        "source_scores": _matrix(subjects, "source"),
        "table_scores": _matrix(subjects, "table"),
        "rules": [row | {"places": _places(row["positions"], language)} for row in reader.rows(queries.RULES)],
        "schema_changes": reader.rows(queries.SCHEMA_CHANGES)[:MOST_WORDY],
        "parts": _series(reader.rows(queries.PARTS), "table_name"),
        "volumes": _series(reader.rows(queries.VOLUMES), "table_name", MONTHS_SHOWN),
        "loads": reader.rows(queries.LOADS)[-LOADS_SHOWN:],
        "outliers": reader.rows(queries.OUTLIERS),
        "suspicious": reader.rows(queries.SUSPICIOUS),
    }


def _in_words(failed: Sequence[Row], language: str) -> list[Row]:
    """Failed checks with what was asked and found in plain words."""
    words = Wording(language, "")
    columns = tuple(failed[0]) if failed else ()
    result = Result("failed", columns, tuple(tuple(row.values()) for row in failed), "")
    return [
        row | {"asked": asked(result, place, words), "found": observed(result, place, words)}
        for place, row in enumerate(failed)
    ]


def _below(subjects: Sequence[Row]) -> list[Row]:
    """What fell short: of sources anything, of tables all but empty cells, which may have a meaning."""
    found = [row for row in subjects if row["failing"] and (row["scope"] == "source" or row["unit"] != "cells")]
    return sorted(found, key=lambda row: (row["score"], row["name"], row["measure"]))[:MOST_WORDY]


def _matrix(subjects: Sequence[Row], scope: str) -> dict[str, dict[str, Row]]:
    """Per name and dimension the worst measure; the query sorts it first."""
    found: dict[str, dict[str, Row]] = {}
    for row in subjects:
        if row["scope"] == scope:
            found.setdefault(row["name"], {}).setdefault(row["dimension"], row)
    return found


def _series(rows: Sequence[Row], key: str, longest: int | None = None) -> dict[str, list[Row]]:
    """Rows of one key together, the newest ``longest`` of them."""
    return {name: list(group)[-longest if longest else None :] for name, group in groupby(rows, lambda row: row[key])}


def _places(positions: Sequence[int], language: str) -> str:
    """Positions in words: a negative one is the number of a line that could not be read."""
    words = WORDS[language]
    return ", ".join(
        words["line"].format(position=number(-position, language))
        if position < 0
        else words["record"].format(position=number(position, language))
        for position in positions
    )
