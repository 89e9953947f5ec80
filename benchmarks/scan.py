"""The floor: how long DuckDB needs to read the columns that the project maps, and nothing else.

`python -m benchmarks.scan PROJECT` prints one JSON object. Every mapped column or expression of every source goes
through `max`, so each value is decoded once; nothing is typed, checked, joined or stored.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import duckdb

from crm_pipeline.project import Project, load_project

WARM_RUNS = 3


def scan_query(project: Project, source: str) -> str:
    """One SELECT that reads every mapped column of the source's files."""
    mapping = project.sources[source].columns.values()
    expressions = [column.sql if column.sql is not None else f'"{column.column}"' for column in mapping]
    files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in project.source_files(source))
    return f"select count(*), {', '.join(f'max({expression})' for expression in expressions)} from {_reader(files)}"


def scan(project: Project) -> dict[str, Any]:
    """Rows and seconds per source and in total: `cold_seconds` first pass, `seconds` median of the warm ones."""
    rows: dict[str, int] = {}
    passes: list[dict[str, float]] = []
    with duckdb.connect() as connection:
        for _ in range(1 + WARM_RUNS):
            taken: dict[str, float] = {}
            for source in sorted(project.sources):
                started = time.perf_counter()
                result = connection.execute(scan_query(project, source)).fetchone()
                taken[source] = time.perf_counter() - started
                rows[source] = int(result[0]) if result else 0
            passes.append(taken)
    totals = [sum(taken.values()) for taken in passes]
    return {
        "rows": rows,
        "cold_seconds": round(totals[0], 3),
        "seconds": round(statistics.median(totals[1:]), 3),
        "seconds_by_source": {
            source: round(statistics.median(taken[source] for taken in passes[1:]), 4) for source in rows
        },
    }


def _reader(files: str) -> str:
    return f"read_csv([{files}])" if ".csv" in files else f"read_parquet([{files}])"


def main() -> None:
    """Print the scan of the project named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    print(json.dumps(scan(load_project(parser.parse_args().project))))


if __name__ == "__main__":
    main()
