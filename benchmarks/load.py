"""How long it takes to load order lines from CSV into clean tables, beside a bare `read_csv` into a table.

`python -m benchmarks.load SHOP` (a folder of `benchmarks.shop`; or the part `load` of `benchmarks.run`) writes its
lines as CSV and prints one JSON object: the bare read, the full load (every table from `source_files` to
`reconciliation`), an incremental day on top of it, and the same files once more. Each is a process of its own, so that
memory is its own. Seconds and processor seconds of the loads are those of the steps; what starting takes is told apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import yaml

from benchmarks.measure import run_measured

LINES = "order_lines"
NEXT_DAY = "2024-01-01"  # the day after the last one simulated


def write_csv_shop(shop: Path, folder: Path) -> None:
    """The shop with its order lines as one CSV file, and no warehouse; the other files are linked."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in shop.glob("*.parquet"):
        if path.stem != LINES:
            (folder / path.name).hardlink_to(path)
    settings = yaml.safe_load((shop / "crm.yaml").read_text())
    settings["sources"]["lines"]["path"] = f"{LINES}*.csv"
    (folder / "crm.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{shop / LINES}.parquet') to '{folder / LINES}.csv' (header)")


def write_next_day(shop: Path, folder: Path) -> int:
    """One day's worth of lines (the average), with orders and lines of their own, as a second file; returns rows."""
    lines = shop / f"{LINES}.parquet"
    with duckdb.connect() as connection:
        counted = connection.execute(f"select count(*) // count(distinct ordered_at::date) from '{lines}'").fetchone()
        rows = int(counted[0]) if counted else 0
        connection.execute(
            "copy (select * replace ("
            "order_line_id + 1_000_000_000 as order_line_id, order_id + 1_000_000_000 as order_id, "
            f"date '{NEXT_DAY}' + ordered_at::time as ordered_at) "
            f"from (from '{lines}' order by order_id desc limit {rows})) "
            f"to '{folder / LINES}_next_day.csv' (header)"
        )
    return rows


def bare_read(folder: Path) -> dict[str, Any]:
    """`read_csv` of the first file into a table of a new database file, until it is written."""
    target = folder / "bare.duckdb"
    target.unlink(missing_ok=True)
    started, cpu = time.perf_counter(), time.process_time()
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"create table lines as from read_csv('{folder / LINES}.csv')")
        connection.execute("checkpoint")
        row = connection.execute("select count(*) from lines").fetchone()
    found = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    target.unlink()
    return {**found, "rows": row[0] if row else 0}


def load_steps(folder: Path) -> dict[str, Any]:
    """Renew every table before the snapshots, each as a run does; seconds per table that was renewed, and in all.

    `seconds` are those of renewed tables; `idle_seconds` what looking at the others took.
    """
    from crm_pipeline.pipeline import Pipeline
    from crm_pipeline.project import load_project
    from crm_pipeline.quality.expectations import _context
    from crm_pipeline.warehouse.materialize import materialize

    _context()  # importing Great Expectations takes seconds, once
    pipeline = Pipeline(load_project(folder))
    pipeline.warehouse.prepare()
    steps: dict[str, dict[str, Any]] = {}
    idle = cpu_idle = 0.0
    for name, recipe in pipeline.recipes.items():
        if recipe.table.is_partitioned:
            continue
        started, cpu = time.perf_counter(), time.process_time()
        outcome = materialize(pipeline.warehouse, recipe, [None], run_id="benchmark")
        if outcome.blocked:
            raise RuntimeError(f"{name}: {outcome.blocked[0].name}: {outcome.blocked[0].observed}")
        taken = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
        if outcome.built:
            steps[name] = {**taken, "rows": outcome.rows[None], "is_delta": outcome.is_delta}
        else:
            idle, cpu_idle = idle + taken["seconds"], cpu_idle + taken["cpu_seconds"]
    return {
        "seconds": sum(step["seconds"] for step in steps.values()),
        "cpu_seconds": sum(step["cpu_seconds"] for step in steps.values()),
        "idle_seconds": idle,
        "idle_cpu_seconds": cpu_idle,
        "steps": steps,
    }


def measure(shop: Path, folder: Path) -> dict[str, Any]:
    """All parts, and their ratios; RuntimeError when one fails."""
    write_csv_shop(shop, folder)
    found = {"bare": _child(folder, "bare"), "full": _child(folder, "steps")}
    rows = write_next_day(shop, folder)
    found |= {"day": _child(folder, "steps") | {"rows": rows}, "again": _child(folder, "steps")}
    ratios = {
        f"{what} / {base}, {unit}": round(found[what][unit] / found[base][unit], 3)
        for what, base in (("full", "bare"), ("day", "full"))
        for unit in ("seconds", "cpu_seconds")
    }
    return found | {"ratios": ratios}


def _child(folder: Path, what: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.load", str(folder), "--only", what]
    measured = run_measured(command, folder / "logs" / what)
    if measured.exit_code != 0:
        raise RuntimeError(f"{what}: {measured.stderr.splitlines()[-1:]}")
    details: dict[str, Any] = json.loads(measured.stdout.splitlines()[-1])
    details["start_seconds"] = measured.seconds - details["seconds"] - details.get("idle_seconds", 0)
    return details | {"peak_memory_mb": measured.peak_memory_mb}


def main() -> None:
    """Print the measurements of the shop named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", type=Path, help="a folder of benchmarks.shop")
    parser.add_argument("--folder", type=Path, help="where to work (default: <shop>_csv)")
    parser.add_argument("--only", choices=("bare", "steps"), help="one part, in a folder that is prepared")
    args = parser.parse_args()
    parts = {"bare": bare_read, "steps": load_steps}
    folder = args.folder or args.shop.with_name(args.shop.name + "_csv")
    print(json.dumps(parts[args.only](args.shop) if args.only else measure(args.shop, folder)))


if __name__ == "__main__":
    main()
