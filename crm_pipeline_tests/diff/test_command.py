"""The report as text and as JSON, from a report made by hand."""

from __future__ import annotations

import json
from datetime import date, datetime

from crm_pipeline.diff.command import PARTS_SHOWN, PartReport, Report, as_lines, as_values
from crm_pipeline.diff.contents import RowChanges
from crm_pipeline.diff.scores import MovedInput, ScoreMove
from crm_pipeline.diff.states import PartChange, State
from crm_pipeline.warehouse.ledger import Version

BEFORE = State("previous", 3, "aaaa-bbbb-cccc", datetime(2024, 2, 1, 4), {})
AFTER = State("last", 9, "dddd-eeee-ffff", datetime(2024, 3, 1, 4), {})
DAY = date(2024, 2, 1)


def changed(table: str, part: date | None, before: int | None, after: int | None, *why: str) -> PartChange:
    old, new = (None if rows is None else Version(1, "content", {}, "code", rows) for rows in (before, after))
    return PartChange(table, part, old, new, why)


def report(*parts: PartReport) -> Report:
    return Report(BEFORE, AFTER, 50, 2, parts, {"2024-02-01 customer_clv.clv": (1.5, 2.5)})


SCORE = ScoreMove(
    "churn_probability",
    12,
    0.0123,
    0.25,
    (MovedInput("customer_features", "order_count", 9),),
    ("churn_model",),
    ("orders",),
)
PARTS = (
    PartReport(changed("orders", None, 10, 11, "order_lines"), RowChanges(1, 0, 2, {"net_amount": 2}), None, False),
    PartReport(
        changed("churn_predictions", DAY, 99, 99, "code"), RowChanges(0, 0, 12, {"churn_probability": 12}), SCORE, False
    ),
    PartReport(changed("customer_rfm", DAY, 5, None), None, None, False),
    PartReport(changed("customer_clv", DAY, None, 7), None, None, False),
    PartReport(changed("products", None, 4, 6, "staged_products"), None, None, True),
)


def test_text() -> None:
    assert (
        "\n".join(as_lines(report(*PARTS)))
        == """\
from previous: version 3, run aaaa-bbb, 2024-02-01 04:00 UTC
to   last: version 9, run dddd-eee, 2024-03-01 04:00 UTC
5 of 50 tables differ, in 5 parts; 2 parts were built again and came out the same.
orders: 10 -> 11 rows; changed: order_lines
    1 row came, 0 went, 2 changed in net_amount (2)
churn_predictions 2024-02-01: 99 -> 99 rows; changed: code
    0 rows came, 0 went, 12 changed in churn_probability (12)
    churn_probability moved for 12 customers, by 0.0123 on average and 0.25 at most
    for these, inputs moved: customer_features.order_count (9)
    for all customers, the model is another: churn_model
    not known, for their former content is gone: orders
customer_rfm 2024-02-01: gone, 5 rows
customer_clv 2024-02-01: new, 7 rows
products: 4 -> 6 rows; changed: staged_products
    the former content is gone: rows and columns cannot be told
2024-02-01 customer_clv.clv: 1.5 -> 2.5
Rows can be compared where both contents are at hand: what stands now, what readers see, and what they saw before. \
Model registries keep every version."""
    )


def test_many_parts_are_cut_in_the_text_alone() -> None:
    parts = [PartReport(changed("customer_rfm", date(2024, 1, day), 1, 2), None, None, True) for day in range(1, 10)]
    lines = list(as_lines(report(*parts)))
    assert sum(line.startswith("customer_rfm 2024") for line in lines) == PARTS_SHOWN
    assert "customer_rfm: and 3 earlier parts (--json lists all)" in lines
    assert len(as_values(report(*parts))["parts"]) == 9


def test_json_holds_the_same() -> None:
    found = json.loads(json.dumps(as_values(report(*PARTS)), default=str))
    assert found["from"]["version"] == 3 and found["to"]["run_id"] == "dddd-eeee-ffff"
    by_table = {part["table"]: part for part in found["parts"]}
    assert by_table["orders"]["rows"] == {"added": 1, "removed": 0, "changed": 2, "columns": {"net_amount": 2}}
    assert by_table["churn_predictions"]["score"]["inputs"][0]["column"] == "order_count"
    assert by_table["products"]["is_content_gone"] and by_table["products"]["why"] == ["staged_products"]
    assert by_table["customer_rfm"]["rows_after"] is None
