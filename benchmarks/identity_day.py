"""What a day of new people costs beside a full matching: `python -m benchmarks.identity_day --records 150000`.

Synthetic people of three sources, loaded by a project as a run does: first 99 % of the records, then the remaining
1 % as the files of a next day, then the same records at once in a project of its own. Each load runs in a process of
its own, and tells every table that it renewed; start-up is left out. `identity` is all that matching adds to a load.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import duckdb
import yaml

from benchmarks.identity_scale import people
from benchmarks.measure import run_measured

STEPS = (
    "identity_assignments",
    "golden_customers",
    "identity_ledger",
    "identity_report",
    "customer_forwarding",
    "customer_identity",
)
SOURCES = ("shop", "loyalty", "newsletter")
_WRITTEN = ("first_name", "last_name", "email", "phone", "birth_date", "street", "house_number", "postcode", "city")


def write_project(folder: Path) -> None:
    """The settings of a project with three sources of people and one of orders."""
    names = {name: name for name in (*_WRITTEN, "known_at")}
    customers = {
        source: {
            "entity": "customers",
            "path": f"{source}_*.parquet",
            "columns": {"customer_id": "record_id", **names, "first_seen_at": "known_at"},
        }
        for source in SOURCES
    }
    lines = ("order_line_id", "order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")
    orders = {"entity": "order_lines", "path": "lines.parquet", "columns": {name: name for name in lines}}
    settings = {
        "name": "people",
        "currency": "EUR",
        "snapshots": {"dates": ["2024-12-01"]},
        "identity": {"country": "DE"},
        "sources": {"lines": orders, **customers},
    }
    folder.mkdir(parents=True)
    (folder / "crm.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def write_files(connection: duckdb.DuckDBPyConnection, folder: Path, label: str, where: str) -> int:
    """The files of one delivery: the records that ``where`` chooses; returns how many."""
    for source in SOURCES:
        chosen = f"select * exclude (entity_id, source) from drawn where source = '{source}' and {where}"
        connection.execute(f"copy ({chosen}) to '{folder / f'{source}_{label}.parquet'}' (format parquet)")
    count = connection.execute(f"select count(*) from drawn where {where}").fetchone()
    return int(count[0]) if count else 0


def measure(folder: Path, records: int, share: float) -> dict[str, Any]:
    """The loads of `first`, `day` and `whole`, and of each the identity steps; RuntimeError when one fails."""
    found: dict[str, Any] = {}
    with duckdb.connect() as connection:
        people(connection, records)
        is_new = f"draw('day', record_id) < {share!r}"
        for name in ("grows", "whole"):
            write_project(folder / name)
            connection.execute(
                "copy (select record_id as order_line_id, record_id as order_id, record_id as customer_id, "
                "'tea' as product_id, timestamp '2024-11-15' as ordered_at, 1 as quantity, 5.00 as net_amount "
                f"from drawn where draw('orders', record_id) < 0.05) to '{folder / name / 'lines.parquet'}'"
            )
        write_files(connection, folder / "grows", "first", f"not {is_new}")
        found["first"] = _load(folder / "grows")
        found["new_records"] = write_files(connection, folder / "grows", "day", is_new)
        found["day"] = _load(folder / "grows")
        found["records"] = write_files(connection, folder / "whole", "all", "true")
    found["whole"] = _load(folder / "whole")
    return found


def _load(folder: Path) -> dict[str, Any]:
    """One load in a process of its own: seconds (wall and processor) of each identity step."""
    command = [sys.executable, "-m", "benchmarks.load", str(folder), "--only", "steps"]
    measured = run_measured(command, folder / "logs" / "load")
    if measured.exit_code != 0:
        raise RuntimeError(measured.stderr[-2000:])
    steps = json.loads(measured.stdout.splitlines()[-1])["steps"]
    return {name: steps[name] for name in STEPS if name in steps} | {"peak_memory_mb": measured.peak_memory_mb}


def _sum(steps: dict[str, Any], unit: str) -> float:
    return sum(float(steps[name][unit]) for name in STEPS if name in steps)


@click.command()
@click.option("--records", type=click.IntRange(min=1000), default=150_000, show_default=True)
@click.option("--share", type=click.FloatRange(min=0, max=0.19), default=0.01, show_default=True, help="New records.")
def main(records: int, share: float) -> None:
    """Print the seconds of each identity step, of all records and of a day, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), records, share)
    click.echo(f"{found['records']:,} records, {found['new_records']:,} of them new on the day")
    click.echo(f"{'step':<22}{'all: s':>9}{'processor':>11}{'day: s':>9}{'processor':>11}  by")
    for name in STEPS:
        whole, day = found["whole"].get(name), found["day"].get(name)
        numbers = [f"{side[unit]:.2f}" if side else "-" for side in (whole, day) for unit in ("seconds", "cpu_seconds")]
        way = "" if day is None else "delta" if day["is_delta"] else "whole"
        click.echo(f"{name:<22}{numbers[0]:>9}{numbers[1]:>11}{numbers[2]:>9}{numbers[3]:>11}  {way}")
    for unit in ("seconds", "cpu_seconds"):
        whole, day = _sum(found["whole"], unit), _sum(found["day"], unit)
        click.echo(f"{unit}: {day:.2f} / {whole:.2f} = {day / whole:.1%}")
    click.echo(f"peak memory: {found['whole']['peak_memory_mb']:,.0f} MB, day {found['day']['peak_memory_mb']:,.0f} MB")


if __name__ == "__main__":
    main()
