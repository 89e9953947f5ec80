"""Lines without a date and customer of their own take them from their order: `join` of a source."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.load import SourceFilesRecipe
from crm_pipeline.ingestion.staged import StagedRecipe
from crm_pipeline.pipeline import AnyRecipe
from crm_pipeline_tests.ingestion.loading import NOW, Row, project_with
from crm_pipeline_tests.kit import make_project, memory_warehouse

ORDERS = """\
number,client,day
1,ada,2024-01-05
2,,2024-01-06
3,bob,tomorrow
"""
ITEMS = """\
number,sku,n,total
1,tea,2,6
1,jam,1,4
2,tea,1,3
3,tea,1,3
9,tea,1,3
,tea,1,3
"""


def sources(**lines: Any) -> dict[str, Any]:
    columns = {"order_id": "number", "product_id": "sku", "quantity": "n", "net_amount": "total"}
    return {
        "heads": {
            "entity": "orders",
            "path": "orders.csv",
            "columns": {"order_id": "number", "customer_id": "client", "ordered_at": "day"},
        },
        "items": {
            "entity": "order_lines",
            "path": "items.csv",
            "join": "heads",
            **lines,
            "columns": {**columns, **lines.get("columns", {})},
        },
    }


def staged(folder: Path, orders: str, items: str, **lines: Any) -> dict[str, list[Row]]:
    project = project_with(folder, {"orders.csv": orders, "items.csv": items}, sources=sources(**lines))
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)
    found: dict[str, list[Row]] = {}
    with memory_warehouse() as connection:
        recipes: list[AnyRecipe] = [SourceFilesRecipe(project, raw, lambda: NOW)]
        recipes += [StagedRecipe(ENTITIES[name], project, raw) for name in ("orders", "order_lines")]
        for recipe in recipes:
            recipe.build(connection, [None], lambda text: None)
            table = recipe.table
            connection.execute(f"create schema if not exists {table.stage}")
            candidate = f'"{table.stage}"."{table.name}__candidate"'
            connection.execute(f"create or replace table {table.qualified_name} as select * from {candidate}")
            rows = connection.execute(f"select * from {table.qualified_name} order by all").fetchall()
            found[table.name] = [dict(zip(table.column_names, row, strict=True)) for row in rows]
    return found


def test_lines_take_date_and_customer_from_their_order(tmp_path: Path) -> None:
    lines = staged(tmp_path, ORDERS, ITEMS)["staged_order_lines"]
    assert [(row["customer_id"], str(row["ordered_at"])[:10], row["rule"]) for row in lines] == [
        ("ada", "2024-01-05", None),
        ("ada", "2024-01-05", None),
        (None, "2024-01-06", None),  # an order without a customer
        (None, "None", "its order is not among the clean rows of heads"),  # the order's own date is wrong
        (None, "None", "its order is not among the clean rows of heads"),  # there is no such order
        (None, "None", "order_id is missing"),
    ]
    assert [row["known_at"] for row in lines[:3]] == [row["ordered_at"] for row in lines[:3]]


def test_an_order_that_lines_join_needs_no_amount(tmp_path: Path) -> None:
    orders = staged(tmp_path, ORDERS, ITEMS)["staged_orders"]
    assert [(row["order_id"], row["rule"]) for row in orders] == [
        ("1", None),
        ("2", None),
        ("3", "ordered_at is not a date and time"),
    ]


def test_what_lines_map_themselves_they_keep_and_are_known_with_their_order_at_the_earliest(tmp_path: Path) -> None:
    items = "number,sku,n,total,sent\n1,tea,2,6,2024-01-09\n1,jam,1,4,2024-01-02\n1,ham,1,4,soon\n"
    lines = staged(tmp_path, ORDERS, items, columns={"ordered_at": "sent"})["staged_order_lines"]
    assert [(row["customer_id"], str(row["ordered_at"])[:10], str(row["known_at"])[:10]) for row in lines[:2]] == [
        ("ada", "2024-01-09", "2024-01-09"),
        ("ada", "2024-01-02", "2024-01-05"),
    ]
    assert lines[2]["rule"] == "ordered_at is not a date and time"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": {"join": "head"}}, "sources.items.join: 'head' is not a source of orders; did you mean 'heads'?"),
        ({"heads": {"join": "heads"}}, "sources.heads.join: only order_lines take their date and customer"),
    ],
)
def test_a_join_that_cannot_be_is_one_clear_error(change: dict[str, Any], message: str) -> None:
    changed = {name: {**source, **change.get(name, {})} for name, source in sources().items()}
    with pytest.raises(ValidationError, match=re.escape(message)):
        make_project(sources=changed)


def test_without_a_join_lines_need_their_date_and_orders_their_amount() -> None:
    with pytest.raises(ValidationError, match="orders needs the column 'net_amount'"):
        make_project(sources={"heads": sources()["heads"]})
    with pytest.raises(ValidationError, match="order_lines needs the column 'ordered_at'"):
        make_project(sources={"items": {**sources()["items"], "join": None}})
