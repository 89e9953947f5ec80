"""A small project whose people are described, loaded table by table into a warehouse on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from crm_pipeline.identity.decisions import Action, Decision, append_decision, load_decisions
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.project import Project
from crm_pipeline.warehouse.materialize import Outcome, materialize
from crm_pipeline_tests.ingestion.loading import NOW
from crm_pipeline_tests.kit import make_project

HEADERS = {
    "crm": "id,name,email,born,since",
    "web": "id,name,email,born,since",
    "lines": "line,order,customer,product,at,quantity,amount",
    "news": "customer,at,event,campaign",
    "consents": "customer,purpose,at,answer",
}
_PEOPLE = {
    "customer_id": "id",
    "full_name": "name",
    "email": "email",
    "birth_date": "born",
    "known_at": "since",
    "first_seen_at": "since",
}
SOURCES: dict[str, dict[str, Any]] = {
    "crm": {"entity": "customers", "path": "crm*.csv", "columns": _PEOPLE},
    "web": {"entity": "customers", "path": "web*.csv", "columns": _PEOPLE},
    "lines": {
        "entity": "order_lines",
        "path": "lines*.csv",
        "columns": {
            "order_line_id": "line",
            "order_id": "order",
            "customer_id": "customer",
            "product_id": "product",
            "ordered_at": "at",
            "quantity": "quantity",
            "net_amount": "amount",
        },
    },
    "news": {
        "entity": "email_events",
        "path": "news*.csv",
        "columns": {"customer_id": "customer", "occurred_at": "at", "event_type": "event", "campaign_id": "campaign"},
    },
    "consents": {
        "entity": "consents",
        "path": "consents*.csv",
        "columns": {"customer_id": "customer", "purpose": "purpose", "decided_at": "at", "is_granted": "answer"},
    },
}
FILES = {
    "crm0": "c1,Ada Byron,ada@ships.de,1990-02-03,2023-01-01\n"
    "c2,Bob Stone,bob@ships.de,1980-05-06,2023-01-02\n"
    "c3,Cyd Reed,cyd@ships.de,1970-07-08,2023-01-03\n"
    "c4,Dan Hill,,,2023-01-04\n",
    "web0": "w1,Ada Byron,ada@ships.de,1990-02-03,2023-02-01\nw2,Minna Vale,,,2023-02-02\n"
    "w5,Eve Lake,eve@ships.de,,2023-02-03\n",
    "lines0": "l1,o1,c1,tea,2024-01-01,1,2\nl2,o2,w1,tea,2024-01-02,1,3\nl3,o3,w2,jam,2024-01-03,1,4\n"
    "l4,o4,c4,jam,2024-01-04,1,5\nl5,o5,x9,jam,2024-01-05,1,6\nl6,o6,,jam,2024-01-05,1,6\nl7,o6,w5,tea,2024-01-05,2,6\n",
    "news0": "c4,2024-01-05,sent,k1\nw2,2024-01-05,sent,k1\nw2,2024-01-05,opened,k1\nc3,2024-01-05,sent,k1\n",
    "consents0": "c4,post,2024-01-02,true\nw2,post,2024-01-02,false\nc1,post,2024-01-02,true\n",
}
LOADED = (
    "source_files",
    *(
        f"staged_{name}"
        for name in ("customers", "order_lines", "orders", "email_events", "consents", "campaign_contacts")
    ),
    "identity_assignments",
    "golden_customers",
    "identity_ledger",
    "customer_forwarding",
    "customer_identity",
    "order_lines",
    "orders",
    "email_events",
    "consents",
    "customers",
)
CLEANED = ("customer_identity", "order_lines", "orders", "email_events", "consents", "customers", "golden_customers")


def people_shop(folder: Path, files: Mapping[str, str] = FILES, **identity: Any) -> Project:
    """The project with these files written to its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(f"{HEADERS[name.rstrip('0123456789')]}\n{rows}", encoding="utf-8")
    return make_project(folder, sources=SOURCES, identity=identity)


def load_people(project: Project, force: bool = False) -> dict[str, Outcome]:
    """Renew the tables of the load, as a run does, but without Great Expectations."""
    pipeline = Pipeline(project, lambda: NOW)
    pipeline.warehouse.prepare()
    judge = "judge_profile"
    with (
        patch(f"crm_pipeline.warehouse.materialize.{judge}", return_value=[]),
        patch(f"crm_pipeline.warehouse.incremental.{judge}", return_value=[]),
    ):
        found = {
            name: materialize(
                pipeline.warehouse,
                pipeline.recipes[name],
                [None],
                run_id="run",
                force=force and name == "identity_assignments",
            )
            for name in pipeline.recipes
            if name in LOADED
        }
    assert [result for outcome in found.values() for result in outcome.blocked] == []
    return found


def content(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """The content hash of each table of `CLEANED`."""
    return {name: outcomes[name].hashes[None] for name in CLEANED}


def decide(project: Project, action: Action, left: str | None, right: str | None, undoes: int | None = None) -> int:
    """Write a decision down, as `crm-pipeline review` does; returns its number."""
    number = len(load_decisions(project.folder, project.sources_of("customers"))) + 1
    append_decision(project.folder, Decision(number, action, left, right, undoes, "kim", "2024-06-01T12:00:00"))
    return number


def ask(project: Project, sql: str, file: str = "crm.duckdb") -> list[tuple[Any, ...]]:
    """Rows of a query on one of the project's files."""
    with duckdb.connect(str(project.warehouse_folder / file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def customer_of(project: Project) -> dict[str, str]:
    """The customer of each key."""
    return dict(ask(project, "select source_customer_id, customer_id from cleaned.customer_identity"))
