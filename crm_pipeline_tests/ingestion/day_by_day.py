"""Loads the files of a small shop again and again, into a warehouse on disk, as runs on many days do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

from crm_pipeline.ingestion.connectors import COMPLETE
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.project import Project
from crm_pipeline.warehouse.materialize import Outcome, materialize
from crm_pipeline_tests.ingestion.loading import NOW
from crm_pipeline_tests.kit import make_project

Files = Mapping[str, str]

LINES = "line,order,customer,product,at,seen,quantity,amount"
HEADERS = {
    "lines": LINES,
    "till": LINES,
    "db": f"{LINES},__key,__version",
    "orders": "order,customer,at,amount",
    "items": "order,product,quantity,amount",
    "people": "customer,since,tier",
    "products": "product,name",
    "campaigns": "campaign,start",
    "contacts": "campaign,customer,at,channel",
}
LINE_COLUMNS = {
    "order_line_id": "line",
    "order_id": "order",
    "customer_id": "customer",
    "product_id": "product",
    "ordered_at": "at",
    "known_at": "seen",
    "quantity": "quantity",
    "net_amount": "amount",
}
ANY_SHARE = {"largest_rejected_share": 1}
"""Files drawn at random are mostly wrong, which would stop a load."""

SOURCES = {
    "lines": {"entity": "order_lines", "path": "lines*.csv", "columns": LINE_COLUMNS, **ANY_SHARE},
    "till": {"entity": "order_lines", "path": "till*.csv", "columns": LINE_COLUMNS, **ANY_SHARE},
    "db": {
        **ANY_SHARE,
        "entity": "order_lines",
        "extract": {"sql": {"url": "${SHOP_URL}", "table": "lines", "cursor": "changed", "key": ["line"]}},
        "columns": LINE_COLUMNS,
    },
    "orders": {
        **ANY_SHARE,
        "entity": "orders",
        "path": "orders*.csv",
        "columns": {"order_id": "order", "customer_id": "customer", "ordered_at": "at", "net_amount": "amount"},
    },
    "items": {
        **ANY_SHARE,
        "entity": "order_lines",
        "path": "items*.csv",
        "join": "orders",
        "columns": {"order_id": "order", "product_id": "product", "quantity": "quantity", "net_amount": "amount"},
    },
    "people": {
        "entity": "customers",
        "path": "people*.csv",
        "columns": {"customer_id": "customer", "known_at": "since", "tier": "tier"},
    },
    "products": {
        "entity": "products",
        "path": "products*.csv",
        "columns": {"product_id": "product", "name": "name"},
    },
    "campaigns": {
        "entity": "campaigns",
        "path": "campaigns*.csv",
        "columns": {"campaign_id": "campaign", "started_at": "start"},
    },
    "contacts": {
        "entity": "campaign_contacts",
        "path": "contacts*.csv",
        "columns": {
            "campaign_id": "campaign",
            "customer_id": "customer",
            "contacted_at": "at",
            "channel": "channel",
        },
    },
}
FEW = ("source_files", "staged_orders", "staged_order_lines", "order_lines", "orders")
"""Enough for what is about order lines; the rest takes its time."""
TABLES = (
    *FEW,
    "staged_customers",
    "staged_products",
    "staged_campaigns",
    "staged_campaign_contacts",
    "campaigns",
    "campaign_contacts",
    "customers",
    "identity_assignments",
    "golden_customers",
    "identity_report",
    "identity_ledger",
    "customer_forwarding",
    "customer_identity",
    "customer_attributes",
    "products",
    "returned_lines",
    "rejected_rows",
)


def write(project: Project, files: Files) -> None:
    """Files of rows below the header of their source; the source is the name up to its number."""
    for name, rows in files.items():
        source = name.rstrip("0123456789")
        folder = project.landed_folder(source) if source in project.extractions else project.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.csv").write_text(f"{HEADERS[source]}\n{rows}")
        if source in project.extractions:
            (folder / COMPLETE).touch()  # all of it was read once


def shop(folder: Path, files: Files, rewrite: bool = True) -> Project:
    """The project with the sources that ``files`` have, written to ``folder`` (or there already)."""
    project = make_project(folder, sources={name: source for name, source in SOURCES.items() if f"{name}0" in files})
    if rewrite:
        write(project, files)
    return project


def load(project: Project, tables: Collection[str] = FEW) -> dict[str, Outcome]:
    """Renew tables of the load, as a run does, but without Great Expectations, which take most of the time."""
    pipeline = Pipeline(project, lambda: NOW)
    pipeline.warehouse.prepare()
    with _unjudged("materialize"), _unjudged("incremental"):
        found = {
            name: materialize(pipeline.warehouse, pipeline.recipes[name], [None], run_id="run")
            for name in pipeline.recipes
            if name in tables
        }
    assert [result for outcome in found.values() for result in outcome.blocked] == []
    return found


def _unjudged(module: str) -> AbstractContextManager[object]:
    return patch(f"crm_pipeline.warehouse.{module}.judge_profile", return_value=[])


def hashes(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """Content hash per table; the manifest knows of older contents and is left out."""
    return {name: outcome.hashes[None] for name, outcome in outcomes.items() if name != "source_files"}
