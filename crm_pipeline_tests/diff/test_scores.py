"""Scores that moved and the inputs that moved with them, on two small states by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.diff.contents import Contents
from crm_pipeline.diff.scores import MovedInput, customer_inputs, score_move
from crm_pipeline.diff.states import State
from crm_pipeline.warehouse.ledger import Version
from crm_pipeline_tests.kit import fill_table, memory_warehouse

DAY = date(2024, 2, 1)
TABLES = {name: declared_transforms()[name].table for name in
          ("churn_predictions", "customer_features", "orders", "customer_recommendations", "churn_model")}  # fmt: skip
BEFORE = {
    "churn_predictions": """customer_id, churn_probability
                            ada,         0.10
                            bob,         0.50
                            cyd,         0.30""",
    "customer_features": """customer_id, order_count, order_count_30d
                            ada,         4,           1
                            bob,         2,           0
                            cyd,         9,           3""",
    "orders": """order_id, customer_id, ordered_at, net_amount
                 1,        ada,         2024-01-05, 10
                 2,        bob,         2024-01-06, 10
                 3,        cyd,         2024-02-05, 10""",
    "customer_recommendations": """customer_id, rank, product_id
                                   ada,         1,    tea
                                   ada,         2,    milk
                                   bob,         1,    tea""",
}
AFTER = {
    "churn_predictions": """customer_id, churn_probability
                            ada,         0.10
                            bob,         0.20
                            cyd,         0.40""",
    "customer_features": """customer_id, order_count, order_count_30d
                            ada,         5,           1
                            bob,         3,           1
                            cyd,         9,           4""",
    "orders": """order_id, customer_id, ordered_at, net_amount
                 1,        ada,         2024-01-05, 11
                 2,        bob,         2024-01-06, 12
                 3,        cyd,         2024-02-05, 13""",
    "customer_recommendations": """customer_id, rank, product_id
                                   ada,         1,    milk
                                   ada,         2,    ale
                                   bob,         1,    tea""",
}


def state(name: str, content: str) -> State:
    parts = {
        (table.name, DAY if table.is_partitioned else None): Version(1, content, {}, "code", 3)
        for table in TABLES.values()
    }
    return State(name, 1, "run", datetime(2024, 2, 1), parts)


OLD, NEW = state("a", "old"), state("b", "new")


@pytest.fixture(scope="module")
def contents() -> Iterator[Contents]:
    """Two files, each with one state."""
    with memory_warehouse() as connection:
        for file, given in (("previous", BEFORE), ("published", AFTER)):
            connection.execute(f"attach ':memory:' as {file}; use {file}")
            for name, rows in given.items():
                fill_table(connection, TABLES[name], rows, [DAY])
        connection.execute("use memory")
        held = {"previous": OLD, "published": NEW}
        yield Contents(connection, {file: {k: v.content_hash for k, v in s.parts.items()} for file, s in held.items()})


def move(contents: Contents, name: str, *upstream: str):  # type: ignore[no-untyped-def]
    return score_move(contents, TABLES[name], DAY, OLD, NEW, [TABLES[item] for item in upstream])


def test_how_far_a_score_moved_and_what_moved_with_it(contents: Contents) -> None:
    """The scores of bob (0.3) and cyd (0.1) moved; of their features one for bob alone and one for both."""
    found = move(contents, "churn_predictions", "customer_features")
    assert (found.score, found.customers) == ("churn_probability", 2)
    assert (found.mean, found.most) == (pytest.approx(0.2), pytest.approx(0.3))
    assert found.inputs == (
        MovedInput("customer_features", "order_count_30d", 2),
        MovedInput("customer_features", "order_count", 1),
    )


def test_events_after_the_snapshot_moved_no_score_of_it(contents: Contents) -> None:
    """Orders of all three differ; ada's score did not move, and cyd's order was not known yet."""
    assert move(contents, "churn_predictions", "orders").inputs == (MovedInput("orders", None, 1),)


def test_another_model_moves_everybody(contents: Contents) -> None:
    assert move(contents, "churn_predictions", "churn_model", "orders").models == ("churn_model",)


def test_ranks_of_products(contents: Contents) -> None:
    """Milk rose by one, tea went, ale came: one customer, one distance."""
    found = move(contents, "customer_recommendations")
    assert (found.customers, found.mean, found.most) == (1, 1.0, 1.0)


def test_what_is_gone_is_named(contents: Contents) -> None:
    changed = dict(OLD.parts) | {("customer_features", DAY): Version(1, "older", {}, "code", 3)}
    older = State("a", 1, "run", OLD.built_at, changed)
    found = score_move(contents, TABLES["churn_predictions"], DAY, older, NEW, [TABLES["customer_features"]])
    assert found is not None and found.unknown == ("customer_features",) and found.inputs == ()


def test_other_tables_hold_no_score(contents: Contents) -> None:
    assert move(contents, "customer_features") is None


def test_one_customer(contents: Contents) -> None:
    given = (contents, TABLES["churn_predictions"], DAY, OLD, NEW, [TABLES["customer_features"], TABLES["orders"]])
    assert customer_inputs(*given, "bob") == {
        "churn_predictions.churn_probability": (0.5, 0.2),
        "customer_features.order_count": (2, 3),
        "customer_features.order_count_30d": (0, 1),
    }
    assert customer_inputs(*given, "nobody") == {}
