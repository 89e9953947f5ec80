"""Thousands of broken files through ingestion to cleaned: no traceback, no row lost or invented, no rule bypassed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.cleaned import order_lines
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.load import SOURCE_FILES, SourceFilesRecipe
from crm_pipeline.ingestion.staged import STAGED, StagedRecipe
from crm_pipeline.warehouse.audit import audit_rows
from crm_pipeline.warehouse.candidate import candidate_name
from crm_pipeline_tests.ingestion.corruptions import DAY_FORMAT, STYLES, Style, file_of
from crm_pipeline_tests.ingestion.loading import NOW
from crm_pipeline_tests.ingestion.plain_reading import BAD_DAY, File, clean, judge, read
from crm_pipeline_tests.kit import build_candidate, make_project, memory_warehouse

FILES_PER_STYLE = 10
PER_BATCH = FILES_PER_STYLE * len(STYLES)
VALUES = ("order_line_id", "order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")


def source_of(number: int, style: Style) -> dict[str, Any]:
    """The mapping of one style's files."""
    columns: dict[str, Any] = {
        "order_line_id": "line",
        "order_id": "order",
        "customer_id": "customer",
        "product_id": "product",
        "ordered_at": {"column": "day", "format": DAY_FORMAT},
        "quantity": "units",
        "net_amount": "amount",
    }
    return {"entity": "order_lines", "path": f"{number}/*.csv", "columns": columns, "read": style.read}


class Loaded:
    """A batch of files after ingestion and the cleaned table, with every contract audited."""

    def __init__(self, folder: Path, first_seed: int) -> None:
        data: dict[File, bytes] = {}
        styles: dict[File, Style] = {}
        sources = {}
        for number, style in enumerate(STYLES):
            sources[f"s{number}"] = source_of(number, style)
            for seed in range(first_seed + number * FILES_PER_STYLE, first_seed + (number + 1) * FILES_PER_STYLE):
                file = f"s{number}", f"{number}/{seed}.csv"
                data[file], styles[file] = file_of(seed, style), style
                path = folder / file[1]
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data[file])
        (folder / "raw").mkdir()
        project = make_project(folder, sources=sources)
        with closing(memory_warehouse()) as connection:
            manifest = SourceFilesRecipe(project, folder / "raw", lambda: NOW)
            staged = StagedRecipe(ENTITIES["order_lines"], project, folder / "raw")
            for recipe, location in ((manifest, '"ingestion"'), (staged, 'vault."staged"')):
                recipe.build(connection, [None], lambda text: None)
                audited(connection, recipe.table)
                connection.execute(f"create schema if not exists {location}")
                connection.execute(
                    f'create table {location}."{recipe.table.name}" as select * from {candidate_name(recipe.table)}'
                )
            table = build_candidate(connection, order_lines, project=project)
            audited(connection, table)
            self.files = rows_of(connection, candidate_name(SOURCE_FILES))
            self.staged = rows_of(connection, candidate_name(STAGED["staged_order_lines"]))
            self.cleaned = rows_of(connection, candidate_name(table))
        guessed = {(row["source"], row["file_name"]): row["read_as"].split(", ")[1] for row in self.files}
        found = {file: read(data[file], styles[file], guessed[file]) for file in data}
        judged = judge(found, styles)
        self.plain = {file: (found[file], judged[file]) for file in found}


def audited(connection: Any, table: Any) -> None:
    failed = [result for result in audit_rows(connection, table, candidate_name(table)) if result.blocks]
    assert not failed, failed


def rows_of(connection: Any, table: str) -> list[dict[str, Any]]:
    rows = connection.execute(f"select * from {table}").fetchall()
    names = [column[0] for column in connection.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def check(loaded: Loaded) -> None:
    """Compare with the plain reading: lines, positions, verdicts, rules, values; and the cleaned table with both."""
    for row in loaded.files:
        found, judged = loaded.plain[row["source"], row["file_name"]]
        where = row["file_name"]
        assert row["line_count"] == found.line_count, where
        assert (row["skipped_line_count"], row["row_count"]) == (found.skipped_count, len(judged)), where
        assert row["rejected_line_count"] == sum(position < 0 for position in judged), where
    staged: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for row in loaded.staged:
        staged.setdefault((row["source"], row["file_name"]), {})[row["position"]] = row
    for key, (_, judged) in loaded.plain.items():
        actual = staged.get(key, {})
        assert actual.keys() == judged.keys(), key
        for position, expected in judged.items():
            row = actual[position]
            assert row["verdict"] == expected["verdict"], (key, position, row, expected)
            rules = {row["rule"], expected["rule"]}
            assert len(rules) == 1 or rules <= set(BAD_DAY), (key, position, row, expected)
            if expected["verdict"] == "clean":
                assert values_of(row) == values_of(expected), (key, position)
    wanted = [values_of(row) for _, judged in loaded.plain.values() for row in clean(judged)]
    assert sorted(map(str, wanted)) == sorted(str(values_of(row)) for row in loaded.cleaned)


def values_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a clean row says; a generated identifier says nothing."""
    identifier = row["order_line_id"]
    is_own = identifier.startswith("f") and "-" in identifier
    return (identifier if is_own else None, *(row[name] for name in VALUES[1:]))


@pytest.mark.parametrize("batch", range(2))
def test_what_is_loaded_of_broken_files_is_what_stands_in_them(tmp_path: Path, batch: int) -> None:
    check(Loaded(tmp_path, batch * PER_BATCH))


@pytest.mark.full
@pytest.mark.parametrize("batch", range(2, 50))
def test_the_same_of_thousands_more(tmp_path: Path, batch: int) -> None:
    check(Loaded(tmp_path, batch * PER_BATCH))
