"""A small copy for readers with a few customers, made by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from crm_pipeline.pipeline import Pipeline, all_tables
from crm_pipeline.project import Project
from crm_pipeline_tests.kit import Rows, fill_table, make_project

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)

SEGMENTS = """snapshot_date, customer_id, rfm_segment, cluster_id, cluster_label
              2024-01-01,    ada,         champions,   1,          frequent
              2024-02-01,    ada,         at risk,     1,          frequent
              2024-02-01,    bob,         at risk,     1,          frequent
              2024-02-01,    eve,         champions,   2,          seldom"""
FEATURES = """snapshot_date, customer_id, spend_amount_90d
              2024-01-01,    ada,         10
              2024-02-01,    ada,         500
              2024-02-01,    bob,         20
              2024-02-01,    eve,         900"""


def audience_project(folder: Path, **audiences: dict[str, Any]) -> Project:
    """A project with audiences, and the copy for readers with three customers."""
    project = make_project(folder, audiences=audiences, segments={"custom": {"big": "spend_amount_90d > 100"}})
    publish(project)
    return project


def publish(project: Project, *, without: str | None = None, **tables: Rows) -> None:
    """The copy for readers: the customers above and what is given; other tables are empty, those of a stage missing."""
    given: dict[str, Rows] = {"customer_segments": SEGMENTS, "customer_features": FEATURES, **tables}
    path = Pipeline(project).warehouse.published
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for name, table in all_tables().items():
            if table.is_in_vault or table.stage == without:
                continue
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f'create schema if not exists "{table.stage}"')
            connection.execute(f"create table {table.qualified_name} ({columns})")
            if name in given:
                fill_table(connection, table, given[name])


def many(count: int) -> dict[str, Rows]:
    """Tables of so many customers, all of them at risk at the second snapshot."""
    ids = [f"c{number:05d}" for number in range(count)]
    segments = "snapshot_date, customer_id, rfm_segment\n" + "\n".join(f"2024-02-01, {key}, at risk" for key in ids)
    features = "snapshot_date, customer_id\n" + "\n".join(f"2024-02-01, {key}" for key in ids)
    return {"customer_segments": segments, "customer_features": features}
