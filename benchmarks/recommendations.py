"""How long the recommendations of a large shop take, and what memory they need, beside plain `implicit`.

`python -m benchmarks.recommendations --customers 100000 --products 10000 --lines 7000000` draws orders of ten lines
(a third from what the customer always buys, a third from what their kind of customer buys, the rest from what everyone
buys), and then does what the pipeline does at one snapshot whose predecessor's outcome is known: popularity,
similarities, the fit, the lists of every customer with reasons, the lists of each source, and, a month later, the
judgement with its paired intervals. Every table is written, audited and hashed. Plain implicit, where it is installed
(`pip install "implicit>=0.7.3"`; nothing else needs it), fits its item-item cosine on the same pairs and takes ten
products for everyone: no reasons, no order of own and new products, nothing judged or stored. One JSON object is
printed: seconds, processor seconds, rows, and the memory of the process at its peak before implicit is asked.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.contract.table import Table
from crm_pipeline.pipeline import all_tables
from crm_pipeline.project import Project
from crm_pipeline.warehouse.audit import audit_rows
from crm_pipeline.warehouse.candidate import Builder, candidate_name
from crm_pipeline.warehouse.row_hashes import hash_rows

Made = TypeVar("Made")
LEARNED, SERVED, JUDGED = (date(2024, 1, 1) + timedelta(days=30 * month) for month in (6, 7, 8))
"""The snapshot whose outcome is learned from, the one that is timed, and the one at which its outcome is known."""
STEPS = (
    ("product_popularity", (LEARNED, SERVED)),
    ("product_similarities", (SERVED,)),
    ("recommendation_model", (SERVED,)),
    ("customer_recommendations", (SERVED,)),
    ("candidate_lists", (SERVED,)),
    ("recommendation_outcomes", (JUDGED,)),
    ("recommendation_evaluation", (JUDGED,)),
    ("recommendation_grade", (JUDGED,)),
)
LINES = """
create table drawn as
with numbered as (
    select range as number, range // 10 as order_number
    from range($lines)
),

uniform as (
    select
        number,
        order_number,
        (hash(order_number, $seed, 1) % 1000003) / 1000003.0 as activity,
        (hash(order_number, $seed, 2) % 1000003) / 1000003.0 as moment,
        (hash(number, $seed, 3) % 1000003) / 1000003.0 as habit,
        (hash(number, $seed, 4) % 1000003) / 1000003.0 as choice
    from numbered
),

placed as (
    select
        *,
        floor($customers * pow(activity, 1.3))::bigint as customer_number,
        floor(240 * moment)::integer as day
    from uniform
),

chosen as (
    select
        *,
        case
            when habit < 0.35
                then floor($products * pow((hash(customer_number, floor(12 * choice), 5) % 1000003) / 1000003.0, 3))
            when habit < 0.7
                then (customer_number % 200) * ($products // 200) + floor(($products // 200) * pow(choice, 2))
            else floor($products * pow(choice, 3))
        end::bigint as product_code
    from placed
)

select
    number::varchar as order_line_id,
    order_number::varchar as order_id,
    'c' || lpad(customer_number::varchar, 8, '0') as customer_id,
    'p' || lpad(product_code::varchar, 6, '0') as product_id,
    date '2024-01-01' + day + interval 12 hour as ordered_at
from chosen
"""


def measure(customers: int, products: int, lines: int, seed: int, folder: Path) -> dict[str, Any]:
    """Draw, then time every step in a warehouse below `folder`."""
    found: dict[str, Any] = {"load_average_before": round(os.getloadavg()[0], 1)}
    project = _project(folder)
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = '4GB'" if lines <= 10_000_000 else "set memory_limit = '8GB'")
        connection.execute(f"set temp_directory = '{folder / 'spilled'}'")
        values = {"customers": customers, "products": products, "lines": lines, "seed": seed}
        _timed(found, "generate", lambda: _generate(connection, values))
        found |= dict(zip(("customers", "products", "lines", "pairs"), _sizes(connection), strict=True))
        for name, parts in STEPS:
            rows = _timed(found, name, lambda name=name, parts=parts: _build(connection, project, name, parts))
            found[f"{name}_rows"] = rows
        for unit in ("seconds", "cpu_seconds"):
            found[f"all_{unit}"] = round(sum(found[f"{name}_{unit}"] for name, _ in STEPS), 1)
        found["peak_memory_mb"] = _peak_memory_mb()
        found["load_average_after"] = round(os.getloadavg()[0], 1)
        found |= _quality(connection)
        if find_spec("implicit"):
            _plain_implicit(found, connection)
    return found


def _timed(found: dict[str, Any], part: str, work: Callable[[], Made]) -> Made:
    """What `work` returns; its seconds, and those of processors in this process and those that it waited for."""
    started, processor = time.perf_counter(), _cpu_seconds()
    result = work()
    found[f"{part}_seconds"] = round(time.perf_counter() - started, 2)
    found[f"{part}_cpu_seconds"] = round(_cpu_seconds() - processor, 2)
    return result


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _project(folder: Path) -> Project:
    names = ("order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")
    source = {"entity": "order_lines", "path": "none.csv", "columns": {name: name for name in names}}
    return Project.model_validate(
        {
            "name": "bench",
            "currency": "EUR",
            "snapshots": {"dates": [LEARNED, SERVED, JUDGED]},
            "recommendations": {"horizon_days": 30},
            "sources": {"lines": source},
            "folder": folder,
        }
    )


def _generate(connection: duckdb.DuckDBPyConnection, values: dict[str, int]) -> None:
    connection.execute(LINES, values)
    for table in all_tables().values():
        if table.stage in ("cleaned", "features", "recommendations"):
            _create(connection, table)
    connection.execute(
        "insert into cleaned.order_lines by name select *, 1 as quantity, 5.0 as unit_price, 5.0 as net_amount, "
        "false as is_return, 'product' as line_type, ordered_at as known_at from drawn order by ordered_at, order_id"
    )
    connection.execute(
        "insert into cleaned.orders by name select order_id, customer_id, ordered_at, ordered_at as known_at, "
        "false as is_return, count(*) as line_count, 5.0 * count(*) as net_amount from drawn group by all"
    )
    connection.execute("drop table drawn")


def _create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """An empty live table."""
    columns = [f'"{column.name}" {column.type}' for column in table.columns]
    columns += ["table_version bigint"] if table.kind == "append_only" else []
    connection.execute(f'create schema if not exists "{table.stage}"')
    connection.execute(f"create table {table.qualified_name} ({', '.join(columns)})")


def _sizes(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int, int]:
    row = connection.execute(
        "select count(distinct customer_id), count(distinct product_id), count(*), "
        "(select count(*) from (select distinct customer_id, product_id from cleaned.order_lines)) "
        "from cleaned.order_lines"
    ).fetchone()
    assert row is not None
    return (row[0], row[1], row[2], row[3])


def _build(connection: duckdb.DuckDBPyConnection, project: Project, name: str, parts: tuple[date, ...]) -> int:
    """Build, audit, hash and write parts of a table; how many rows. RuntimeError when they break the contract."""
    transform = declared_transforms()[name]
    table, candidate = transform.table, candidate_name(transform.table)
    Builder(transform, all_tables(), project).build(connection, parts, lambda text: None)
    if broken := [result.name for result in audit_rows(connection, table, candidate) if result.blocks]:
        raise RuntimeError(f"{name} breaks its contract: {broken}")
    hash_rows(connection, table, candidate)
    version = ", 1 as table_version" if table.kind == "append_only" else ""
    connection.execute(f"insert into {table.qualified_name} by name select *{version} from {candidate}")
    connection.execute(f"drop table {candidate}")
    count = connection.execute(f"select count(*) from {table.qualified_name}").fetchone()
    assert count is not None
    return int(count[0])


def _quality(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """What the lists were worth, to see that they are lists worth making: NDCG and that of GP-TopFreq."""
    row = connection.execute(
        "select value, baseline_value from recommendations.recommendation_evaluation where scope = 'pooled' "
        "and model = 'published' and metric = 'ndcg_at_10' and population = 'all'"
    ).fetchone()
    assert row is not None
    return {"ndcg": round(row[0], 4), "baseline_ndcg": round(row[1], 4)}


def _plain_implicit(found: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> None:
    import numpy as np
    from implicit.nearest_neighbours import CosineRecommender
    from scipy import sparse

    pairs = connection.execute(
        "select substr(customer_id, 2)::integer as customer, substr(product_id, 2)::integer as product, "
        "count(distinct order_id)::float as orders from cleaned.order_lines "
        f"where ordered_at < date '{SERVED}' group by all"
    ).fetchnumpy()
    matrix = sparse.csr_matrix((pairs["orders"], (pairs["customer"], pairs["product"])))
    model = CosineRecommender(K=50, num_threads=2)
    _timed(found, "plain_implicit_fit", lambda: model.fit(matrix, show_progress=False))
    _timed(found, "plain_implicit_rank", lambda: model.recommend(np.arange(matrix.shape[0]), matrix, N=10))


def _peak_memory_mb() -> int:
    usages = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(max(usages) / 1024)


def main() -> int:
    """Print the measurements as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=7_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        found = measure(args.customers, args.products, args.lines, args.seed, Path(folder))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
