"""A small shop in memory with every table built from it: what the tests that hold for all tables start from.

Orders, products, people and campaigns come from a simulated shop; entities that it lacks are drawn at random from
their contract, so that a new entity or table is covered without a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import date
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.contract.table import Table
from crm_pipeline.identity.assignments import ASSIGNMENTS
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.entity import Entity
from crm_pipeline.ingestion.load import SOURCE_FILES
from crm_pipeline.ingestion.staged import STAGED
from crm_pipeline.pipeline import all_tables
from crm_pipeline.project import Project
from crm_pipeline.simulation import ShopSettings, simulate_shop
from crm_pipeline.warehouse.as_of import empty_rows, location_of
from crm_pipeline.warehouse.audit import audit_rows
from crm_pipeline.warehouse.candidate import candidate_name
from crm_pipeline.warehouse.query_delta import column_of
from crm_pipeline.warehouse.row_hashes import content_hash, row_hash_columns
from crm_pipeline_tests.kit import ALWAYS, build_candidate, fill_table, make_project, memory_warehouse

FIRST_DAY, LAST_DAY = date(2023, 1, 1), date(2023, 10, 31)
SNAPSHOTS = (date(2023, 7, 1), date(2023, 8, 1), date(2023, 9, 1), date(2023, 10, 1))
"""Orders go on for a month after the last of them, so that a table that peeks is seen to."""

SEED = 20231
EVENTS = 150
"""Rows of an entity that the simulated shop does not have."""


def sample_project() -> Project:
    """The settings under which the sample is built."""
    return make_project(
        snapshots={"dates": SNAPSHOTS},
        churn={"horizon_days": 30},
        clv={"horizon_days": 60},
        recommendations={"horizon_days": 30, "count": 5},
    )


@cache
def _shop_rows() -> Mapping[str, pd.DataFrame]:
    settings = ShopSettings(
        first_day=FIRST_DAY, last_day=LAST_DAY, customers=90, alpha=20.0, products=60, pair_count=3, stores=3,
        campaigns=4, category_names=("fruit", "bakery", "wine"),
    )  # fmt: skip
    shop = simulate_shop(settings, SEED)
    rows = {name: getattr(shop, name) for name in ("products", "campaigns", "coupons")}
    for name in ("customers", "campaign_contacts", "order_lines"):
        rows[name] = pa.concat_tables(getattr(chunk, name) for chunk in shop.chunks())
    return {name: table.to_pandas() for name, table in rows.items()}


def _drawn_rows(entity: Entity) -> pd.DataFrame:
    """Rows of an entity at random, one per key; a fifth of what is optional is missing."""
    rng = np.random.default_rng([SEED, *entity.name.encode()])
    known: dict[str, list[object]] = {
        "customer_id": list(_shop_rows()["customers"]["customer_id"]),
        "product_id": list(_shop_rows()["products"]["product_id"]),
        "campaign_id": list(_shop_rows()["campaigns"]["campaign_id"]),
        "coupon_id": list(_shop_rows()["coupons"]["coupon_id"]),
    }
    days = (LAST_DAY - FIRST_DAY).days * 86_400
    frame = pd.DataFrame(index=range(EVENTS))
    for column in entity.columns:
        if column.name == "known_at":
            continue
        kind = column.type.split("(")[0]
        values: pd.Series[Any]
        if column.name in known and entity.key != (column.name,):
            values = pd.Series(rng.choice(np.array(known[column.name]), EVENTS)).astype(str)
        elif entity.key == (column.name,):
            values = pd.Series([f"{entity.name}-{number}" for number in range(EVENTS)])
        elif kind in ("timestamp", "date"):
            values = pd.Series(pd.Timestamp(FIRST_DAY) + pd.to_timedelta(rng.integers(0, days, EVENTS), unit="s"))
        elif kind == "boolean":
            values = pd.Series(rng.integers(0, 2, EVENTS) == 1)
        elif kind == "decimal":
            values = pd.Series(rng.integers(0, 2_000, EVENTS) / 100)
        else:
            values = pd.Series(rng.choice(np.array([f"{column.name} {word}" for word in "abc"]), EVENTS))
        frame[column.name] = values if column.required else values.where(rng.random(EVENTS) > 0.2, None)
    return frame.drop_duplicates(list(entity.key))


def _with_known_at(entity: Entity, rows: pd.DataFrame) -> pd.DataFrame:
    """One event in ten becomes known up to 20 days late; one thing in five is known only since it was loaded."""
    rng = np.random.default_rng([SEED, 1, *entity.name.encode()])
    if entity.event_time is None:
        known = pd.Series(pd.Timestamp(ALWAYS), index=rows.index).where(rng.random(len(rows)) > 0.2, None)
    else:
        late = np.where(rng.random(len(rows)) < 0.1, rng.integers(0, 20 * 86_400, len(rows)), 0)
        known = rows[entity.event_time] + pd.to_timedelta(late, unit="s")
    return rows.assign(known_at=known, loaded_at=pd.Timestamp(LAST_DAY))


def _staged_rows(entity: Entity) -> pd.DataFrame:
    rows = _shop_rows().get(entity.name)
    if rows is None:
        rows = _drawn_rows(entity)
    if entity.name == "customers":
        region = rows["region"].astype(str)
        rows = rows.rename(columns={"registered_at": "first_seen_at"}).assign(attributes="{region=" + region + "}")
    if entity.name == "orders":  # some of them have lines too
        shared = _shop_rows()["order_lines"]["order_id"].drop_duplicates()[:50].astype(str)
        rows["order_id"] = [*shared, *rows["order_id"][len(shared) :]]
    if entity.name == "order_lines":
        kinds = np.random.default_rng([SEED, 2]).choice(
            ["product", "discount", "shipping"], len(rows), p=[0.9, 0.06, 0.04]
        )
        rows = rows.assign(discount_amount=rows["list_amount"] - rows["net_amount"], line_type=kinds)
    columns = [name for name in STAGED[f"staged_{entity.name}"].column_names if name in rows.columns]
    rows = _with_known_at(entity, rows[columns])
    return rows.assign(position=range(1, len(rows) + 1), source=f"{entity.name}_source", file_name=f"{entity.name}.csv")


def _source_files() -> pd.DataFrame:
    """The manifest that fits the staged rows."""
    return pd.DataFrame(
        {
            "source": f"{name}_source",
            "entity": name,
            "file_name": f"{name}.csv",
            "sha256": name,
            "byte_count": 1,
            "row_count": rows(f"staged_{name}").num_rows,
            "is_current": True,
            "data_through": LAST_DAY if name in ("orders", "order_lines") else None,
            "loaded_at": pd.Timestamp(LAST_DAY),
        }
        for name in ENTITIES
    )


def _identity_assignments() -> pd.DataFrame:
    """Every seventh described customer is the one before, a third of them by a doubtful match."""
    described = rows("staged_customers").to_pandas()[["source", "customer_id"]].drop_duplicates()
    keys = described.sort_values(["source", "customer_id"], ignore_index=True)
    is_same = keys.index % 7 == 6
    doubt = np.where(keys.index % 3 == 0, 0.9, 1.0)
    return pd.DataFrame(
        {
            "source": keys["source"],
            "source_customer_id": keys["customer_id"],
            "customer_id": keys["customer_id"].where(~is_same, keys["customer_id"].shift(1)),
            "match_probability": np.where(is_same, doubt, 1.0),
            "match_reason": np.where(is_same, "probabilistic", "single"),
            "is_held": is_same & (doubt < 1),
        }
    )


def _given_rows(name: str) -> pd.DataFrame:
    """What no query computes: staged rows, their manifest, and who is who."""
    if name == SOURCE_FILES.name:
        return _source_files()
    if name == ASSIGNMENTS.name:
        return _identity_assignments()
    return _staged_rows(ENTITIES[name.removeprefix("staged_")])


@cache
def rows(name: str) -> pa.Table:
    """The rows of a table of the sample, for all snapshots, in stored order."""
    if name in declared_transforms():
        return _built(name)[0]
    table = all_tables()[name]
    given = _given_rows(name)
    with closing(memory_warehouse()) as connection:
        fill_table(connection, table, given)
        return connection.sql(f"select * from {location_of(table, 'live')}").to_arrow_table()


def broken_rules(name: str) -> tuple[str, ...]:
    """The rules of its contract that a table of the sample breaks, with the number of rows."""
    return _built(name)[1]


@cache
def _built(name: str) -> tuple[pa.Table, tuple[str, ...]]:
    with Rebuild(name, SNAPSHOTS, whole) as built:
        return built.rows(), built.broken_rules()


Input = Callable[[Table, str], str]
"""From an input table and where its rows of the sample are: the query whose rows take their place."""


def whole(table: Table, given: str) -> str:
    """The input as it is."""
    return f"select * from {given}"


def empty(table: Table, given: str) -> str:
    """No rows."""
    return empty_rows(table)


def shuffled(table: Table, given: str) -> str:
    """The rows in another order (a hash of their present position)."""
    numbered = f"select *, row_number() over () as row_number from {given}"
    return f"select * exclude (row_number) from ({numbered}) order by hash(row_number + 7)"


def cut_at(day: date) -> Input:
    """Without the rows that became known on ``day`` or later; rows that do not say when they were known stay."""

    def query(table: Table, given: str) -> str:
        if table.is_partitioned:
            return f"select * from {given} where \"{table.partition_column}\" <= date '{day}'"
        if "known_at" in table.column_names:
            return f"select * from {given} where known_at is null or known_at < timestamp '{day}'"
        return f"select * from {given}"

    return query


def a_third(key: Iterable[str]) -> str:
    """A condition that a third of the keys satisfy, whichever."""
    return f"hash({', '.join(key)}) % 3 = 0"


def of_keys(built: Table) -> Input:
    """The rows of `a_third` of the keys by which a table can be computed; tables without these columns stay whole."""

    def query(table: Table, given: str) -> str:
        names = [column_of(built, name, table) for name in built.delta_key]
        where = a_third(name for name in names if name) if all(names) else "true"
        return f"select * from {given} where {where}"

    return query


class Rebuild:
    """One table of the sample built again, for ``dates``, on changed inputs."""

    def __init__(self, name: str, dates: tuple[date, ...], change: Input) -> None:
        self.transform = declared_transforms()[name]
        self.table = self.transform.table
        self.dates = dates
        self.change = change

    def __enter__(self) -> Rebuild:
        self.connection: duckdb.DuckDBPyConnection = memory_warehouse()
        try:
            self._fill()
            build_candidate(self.connection, self.transform, snapshot_dates=self.dates, project=sample_project())
        except BaseException:
            self.connection.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()

    def _fill(self) -> None:
        for name in self.transform.upstream:
            table = all_tables()[name]
            if name == self.table.name and self.dates == SNAPSHOTS:
                continue  # the first build of a table has no earlier parts of its own
            given = rows(name)
            self.connection.register("sample_rows", given)
            changed = self.connection.sql(self.change(table, "sample_rows")).to_arrow_table()
            self.connection.unregister("sample_rows")
            fill_table(self.connection, table, changed)

    def broken_rules(self) -> tuple[str, ...]:
        """The rules of the contract that the built rows break, with the number of rows."""
        results = audit_rows(self.connection, self.table, candidate_name(self.table))
        return tuple(f"{result.name}: {result.observed}" for result in results if result.blocks)

    def rows(self) -> pa.Table:
        """What was built."""
        # a cursor, for the audit may have left a result unfinished
        cursor = self.connection.cursor()
        return cursor.sql(f"select * from {candidate_name(self.table)} order by rowid").to_arrow_table()

    def content(self, where: str = "true") -> tuple[int, str]:
        """Number and content hash of the built rows (those with ``where``), as the ledger computes them."""
        return content(self.connection, self.table, candidate_name(self.table), where)


def content(connection: duckdb.DuckDBPyConnection, table: Table, location: str, where: str = "true") -> tuple[int, str]:
    """Number and content hash of the rows at ``location``, as the ledger computes them."""
    found = connection.execute(
        f"select row_count, hash_sum, hash_xor from (select {row_hash_columns(table)} from {location} where {where})"
    ).fetchall()
    count, total, xor = found[0]
    return count, content_hash(count, total, xor)


@cache
def sample_content(name: str, day: date, where: str = "true") -> tuple[int, str]:
    """Number and content hash of the sample's rows of one table: of the part ``day`` where it has snapshots."""
    table = all_tables()[name]
    if table.is_partitioned:
        where = f"{where} and \"{table.partition_column}\" = date '{day}'"
    with closing(memory_warehouse()) as connection:
        fill_table(connection, table, rows(name))
        return content(connection, table, location_of(table, "live"), where)
