"""Spoiled lines: as many as said, of every kind, and each on record."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from crm_pipeline.simulation import ShopSettings, simulate_shop
from crm_pipeline.simulation.dirt import KINDS

CLEAN = ShopSettings(customers=1_000, products=200)


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    clean, dirty = simulate_shop(CLEAN, seed=1), simulate_shop(replace(CLEAN, dirt=0.1), seed=1)
    return {"clean": clean.order_lines, "dirty": dirty.order_lines, "spoiled": dirty.truth.spoiled_lines}


def query(tables: dict[str, pa.Table], sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.execute(sql).fetchall()


def test_every_kind_has_its_exact_count(tables: dict[str, pa.Table]):
    each = round(0.1 * tables["clean"].num_rows / 5)
    counts = simulate_shop(replace(CLEAN, dirt=0.1), seed=1).truth.dirt_counts
    assert counts == dict.fromkeys(KINDS, each)
    found = query(
        tables,
        """select count(*) - count(distinct order_line_id), count(*) filter (customer_id is null),
                  count(*) filter (try_cast(quantity as integer) is null),
                  count(*) filter (try_cast(ordered_at as timestamp) is null),
                  count(*) filter (try_cast(product_id as bigint) not between 1 and 200)
           from dirty""",
    )
    assert found == [(each,) * 5]


def test_duplicates_are_exact_copies(tables: dict[str, pa.Table]):
    [(rows,)] = query(tables, "select count(*) from dirty")
    [(distinct_rows,)] = query(tables, "select count(*) from (select distinct * from dirty)")
    assert distinct_rows == tables["clean"].num_rows
    assert rows - distinct_rows == round(0.1 * tables["clean"].num_rows / 5)


def test_unspoiled_lines_are_the_clean_ones(tables: dict[str, pa.Table]):
    kept = query(
        tables,
        """select count(*) from dirty join clean on dirty.order_line_id = clean.order_line_id::varchar
           where dirty.order_line_id not in (select order_line_id::varchar from spoiled)
             and dirty.net_amount = clean.net_amount::varchar
             and try_cast(dirty.ordered_at as timestamp) = clean.ordered_at
             and dirty.quantity = clean.quantity::varchar""",
    )
    assert kept == [(tables["clean"].num_rows - tables["spoiled"].num_rows,)]


def test_a_clean_shop_says_so():
    assert simulate_shop(replace(CLEAN, customers=20), seed=1).truth.dirt_counts == dict.fromkeys(KINDS, 0)
