"""A published file in memory with two snapshots of four customers, small enough to add up by hand."""

from __future__ import annotations

from datetime import date, datetime

import duckdb

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline_tests.kit import Rows, fill_table, memory_warehouse

FIRST, NEWEST = date(2024, 2, 1), date(2024, 3, 1)

FEATURES = """snapshot_date, customer_id, is_active, order_count_30d, spend_amount_30d
              2024-02-01,    ada,         true,      2,               100
              2024-02-01,    bob,         true,      1,               50
              2024-03-01,    ada,         true,      3,               120
              2024-03-01,    bob,         false,     0,               0
              2024-03-01,    cem,         true,      1,               60"""
CLV = """snapshot_date, customer_id, clv, horizon_days
         2024-02-01,    ada,         80,  30
         2024-02-01,    bob,         20,  30
         2024-03-01,    ada,         90,  30
         2024-03-01,    bob,         10,  30
         2024-03-01,    cem,         50,  30"""
CHURN = """snapshot_date, customer_id, is_active, churn_probability, risk_band, value_at_risk, horizon_days
           2024-02-01,    ada,         true,      0.1,               low,       8,             30
           2024-02-01,    bob,         true,      0.6,               high,      12,            30
           2024-03-01,    ada,         true,      0.1,               low,       9,             30
           2024-03-01,    bob,         false,     0.9,               high,      9,             30
           2024-03-01,    cem,         true,      0.5,               medium,    25,            30"""
SEGMENTS = """snapshot_date, customer_id, rfm_segment
              2024-02-01,    ada,         loyal
              2024-02-01,    bob,         at risk
              2024-03-01,    ada,         champions
              2024-03-01,    bob,         lost
              2024-03-01,    cem,         champions"""
MOVES = """snapshot_date, from_segment,  to_segment, customer_count, share
           2024-03-01,    loyal,         champions,  1,              1
           2024-03-01,    at risk,       lost,       1,              1
           2024-03-01,    no orders yet, champions,  1,              1"""
LISTS = """snapshot_date, customer_id, rank, product_id, reason_code, slot, source
           2024-03-01,    ada,         1,    p1,         due_again,   usual, own
           2024-03-01,    ada,         2,    p2,         popular_now, new,  popular
           2024-03-01,    cem,         1,    p1,         due_again,   usual, own"""
PAIRS = """snapshot_date, product_id, other_product_id, rank, pair_count, confidence, lift, lift_lower
           2024-03-01,    p1,         p2,               1,    7,          0.5,        3.5,  2.5
           2024-03-01,    p2,         p1,               1,    7,          0.25,       3.5,  2.5"""
PRODUCTS = """product_id, name
              p1,         <b>Tea</b> & {milk}
              p2,         Scones"""
TABLES: dict[str, Rows] = {
    "customer_features": FEATURES,
    "customer_clv": CLV,
    "churn_predictions": CHURN,
    "customer_segments": SEGMENTS,
    "segment_transitions": MOVES,
    "customer_recommendations": LISTS,
    "product_affinities": PAIRS,
    "products": PRODUCTS,
}


def published_file(**more: Rows) -> duckdb.DuckDBPyConnection:
    """The tables above (and ``more``) with a ledger of one version."""
    connection = memory_warehouse()
    Ledger(connection).create()
    connection.execute(
        "insert into quality.table_versions values (7, 'orders', null, 'content', '{}', 'code', 1, 'run', ?, 0, 0)",
        [datetime(2024, 3, 1, 4)],
    )
    for name, rows in (TABLES | more).items():
        fill_table(connection, declared_transforms()[name].table, rows, [])
    return connection
