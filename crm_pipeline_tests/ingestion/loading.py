"""Loads files of a tiny project into an in-memory warehouse, by the recipes of a real run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.load import SOURCE_FILES, SourceFilesRecipe
from crm_pipeline.ingestion.staged import StagedRecipe
from crm_pipeline.project import Project
from crm_pipeline.warehouse.candidate import candidate_name
from crm_pipeline_tests.kit import make_project, memory_warehouse

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
HEADER = "order_id,product_id,ordered_at,quantity,net_amount"

Row = dict[str, Any]


def lines_source(path: str = "lines.csv", **settings: Any) -> dict[str, Any]:
    """A source of order lines with the columns of `HEADER` under their own names; ``columns`` adds or replaces."""
    columns = {name: name for name in HEADER.split(",")} | settings.pop("columns", {})
    return {"entity": "order_lines", "path": path, "columns": columns, **settings}


def project_with(folder: Path, files: Mapping[str, str | bytes], **settings: Any) -> Project:
    """A project in ``folder`` with these files; by default one source of order lines."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return make_project(folder, **{"sources": {"lines": lines_source()}, **settings})


def staged_rows(project: Project, entity: str = "order_lines") -> list[Row]:
    """Every judged row of an entity, by source, file and position."""
    raw = project.folder / "raw"
    raw.mkdir(exist_ok=True)
    with closing(memory_warehouse()) as connection:
        SourceFilesRecipe(project, raw, lambda: NOW).build(connection, [None], lambda text: None)
        connection.execute(
            f"create table {SOURCE_FILES.qualified_name} as select * from {candidate_name(SOURCE_FILES)}"
        )
        recipe = StagedRecipe(ENTITIES[entity], project, raw)
        recipe.build(connection, [None], lambda text: None)
        rows = connection.execute(
            f"select * from {candidate_name(recipe.table)} order by source, file_name, position"
        ).fetchall()
    return [dict(zip(recipe.table.column_names, row, strict=True)) for row in rows]


def staged_lines(folder: Path, *lines: str, header: str = HEADER, **settings: Any) -> list[Row]:
    """Judged rows of one CSV file of order lines."""
    return staged_rows(project_with(folder, {"lines.csv": "\n".join([header, *lines]) + "\n"}, **settings))
