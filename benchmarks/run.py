"""Time the whole chain on a simulated shop, beside a bare scan and beside the notebook way.

`python -m benchmarks.run` (or `make bench`): 1,000,000 customers and 20,000,000 lines with one snapshot; then
100,000 customers and 2,000,000 lines, a size that the notebook way can hold. Every part runs in a fresh process.
Shops are kept in benchmarks/cache/, results are written to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.ledger import table_versions
from benchmarks.measure import Measurement, run_measured
from benchmarks.report import Result, ratios, to_markdown, write_result

HERE = Path(__file__).resolve().parent
PARTS = ("scan", "load", "chain", "churn", "notebook")
SNAPSHOT = date(2024, 1, 1)  # the day after the last one simulated
ERROR_LINES = 20


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--notebook-customers", type=int, default=100_000, help="0: no second, smaller size")
    parser.add_argument("--notebook-lines", type=int, default=2_000_000)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--snapshots", type=int, default=1, help="months to build, the last on 2024-01-01")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirt", type=float, default=0.0, help="share of order lines to spoil")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--cache", type=Path, default=HERE / "cache")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args()


def measure_size(args: argparse.Namespace, customers: int, lines: int, parts: list[str]) -> Result:
    """All parts at one size. A part that fails is reported as failed and the others still run."""
    name = f"{customers}x{lines}_p{args.products}_n{args.snapshots}_s{args.seed}_d{args.dirt:g}"
    folder = args.cache / name
    size: Result = {"customers": customers, "lines": lines}
    logs = args.cache / "logs" / name
    if not folder.is_dir():
        size["generate"] = _run("generate", _module("shop", str(folder), *_shop_options(args, customers, lines)), logs)
        if size["generate"]["exit_code"] != 0:
            return size | {"ratios": {}}
    if "scan" in parts:
        size["scan"] = _with_details(_run("scan", _module("scan", str(folder)), logs))
    if "load" in parts:
        work = folder.with_name(f"{folder.name}_csv")
        size["load"] = _with_details(_run("load", _module("load", str(folder), "--folder", str(work)), logs), False)
        shutil.rmtree(work, ignore_errors=True)
    if "chain" in parts:
        size |= _measure_chain(folder, logs)
    if "churn" in parts:
        command = _module("churn_model", "--customers", str(customers), "--seed", str(args.seed))
        size["churn"] = _with_details(_run("churn", command, logs), own_seconds=False)
    if "notebook" in parts:
        command = _module("notebook_way", str(folder), "--snapshot", SNAPSHOT.isoformat())
        # Its seconds are those of the process, like the chain's: a notebook pays for its imports, too.
        size["notebook"] = _with_details(_run("notebook", command, logs), own_seconds=False)
    return size | {"ratios": ratios(size)}


def _measure_chain(folder: Path, logs: Path) -> Result:
    # Another warehouse would make the run skip what is not stale.
    shutil.rmtree(folder / "warehouse", ignore_errors=True)
    command = Path(sys.executable).with_name("crm-pipeline")
    chain = _run("chain", [str(command), "run", "--project", str(folder)], logs)
    try:
        return {"chain": chain, "tables": table_versions(folder)}
    except duckdb.Error as error:
        # Half an hour of measuring is worth more than its breakdown: keep the total, and say what is missing.
        print(f"  the ledger cannot be read: {error}", file=sys.stderr, flush=True)
        return {"chain": chain | {"ledger_error": str(error)}}


def _run(part: str, command: list[str], logs: Path) -> Result:
    print(f"{part}: {' '.join(command)}", flush=True)
    if shutil.which(command[0]) is None:
        return _failed(part, f"{command[0]} is not installed")
    measured = run_measured(command, logs / part)
    if measured.exit_code != 0:
        return _failed(part, "\n".join(measured.stderr.splitlines()[-ERROR_LINES:]), measured)
    print(f"  {measured.seconds:.1f} s, {measured.peak_memory_mb:.0f} MB", flush=True)
    return _numbers(measured) | {"output": measured.stdout}


def _failed(part: str, error: str, measured: Measurement | None = None) -> Result:
    print(f"  {part} failed:\n{error}", file=sys.stderr, flush=True)
    return (_numbers(measured) if measured else {"exit_code": 127}) | {"error": error}


def _numbers(measured: Measurement) -> Result:
    return {
        "seconds": measured.seconds,
        "cpu_seconds": measured.cpu_seconds,
        "peak_memory_mb": measured.peak_memory_mb,
        "exit_code": measured.exit_code,
    }


def _with_details(part: Result, own_seconds: bool = True) -> Result:
    """Read the JSON that the part printed; with `own_seconds` its own timing replaces that of the process."""
    if part["exit_code"] != 0:
        return part
    details = json.loads(part.pop("output").splitlines()[-1])
    part["details"] = details
    if own_seconds:
        # The scan is to be judged without starting Python; its processor time would cover the imports.
        part["process_seconds"], part["seconds"] = part["seconds"], details["seconds"]
        part.pop("cpu_seconds")
    return part


def _module(name: str, *options: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{name}", *options]


def _shop_options(args: argparse.Namespace, customers: int, lines: int) -> list[str]:
    options = {"customers": customers, "lines": lines, "products": args.products, "snapshots": args.snapshots}
    options |= {"seed": args.seed, "dirt": args.dirt}
    return [text for name, value in options.items() for text in (f"--{name}", str(value))]


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(memory, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main() -> int:
    """Measure, print and write; the exit code is 1 when a part failed."""
    args = arguments()
    os.chdir(HERE.parent)
    sizes = [(args.customers, args.lines, [part for part in args.parts if part != "notebook"])]
    if args.notebook_customers and "notebook" in args.parts:
        sizes.append((args.notebook_customers, args.notebook_lines, args.parts))
    result: Result = {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "snapshots": args.snapshots,
        "sizes": [],
    }
    result["sizes"] = [measure_size(args, *size) for size in sizes]
    for size in result["sizes"]:
        for part in ("generate", "chain"):
            size.get(part, {}).pop("output", None)
    path = write_result(result, args.results)
    print("\n" + to_markdown(result) + f"\nWritten to {path}")
    failed = [
        part for size in result["sizes"] for part in size.values() if isinstance(part, dict) and part.get("exit_code")
    ]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
