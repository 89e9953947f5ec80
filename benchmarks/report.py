"""A benchmark's result as JSON and as Markdown tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Result = dict[str, Any]
PARTS = {
    "generate": "simulate and write the shop",
    "scan": "DuckDB reads the mapped columns (warm)",
    "load": "CSV to clean tables: bare, full, an incremental day, nothing new",
    "chain": "the whole chain, `crm-pipeline run`",
    "churn": "churn models on as many customers with 40 features: fit, score, explain",
    "notebook": "the notebook way",
}


def write_result(result: Result, folder: Path) -> Path:
    """Write `<size>.json` and `<size>.md` into `folder`; returns the Markdown file."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = "_".join(f"{size['customers']}x{size['lines']}" for size in result["sizes"])
    stem = f"{sizes}_{result['snapshots']}snapshots"
    (folder / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    markdown = folder / f"{stem}.md"
    markdown.write_text(to_markdown(result), encoding="utf-8")
    return markdown


def to_markdown(result: Result) -> str:
    """Machine, one table of parts and ratios per size, and the tables that took longest."""
    machine = result["machine"]
    lines = [
        "# Benchmark",
        "",
        f"{result['measured_on']}, {machine['processors']} processors ({machine['processor']}), "
        f"{machine['memory_gb']} GB, Python {machine['python']}, DuckDB {machine['duckdb']}, "
        f"load {machine['load_average']} at the start.",
    ]
    for size in result["sizes"]:
        lines += [
            "",
            f"## {size['customers']:,} customers, {size['lines']:,} lines, {result['snapshots']} snapshot(s)",
            "",
        ]
        lines += ["| Part | Seconds | CPU seconds | Peak memory, MB |", "|---|---:|---:|---:|"]
        lines += [_part_row(name, size[name]) for name in PARTS if name in size]
        if size["ratios"]:
            lines += ["", "| Ratio | |", "|---|---:|"]
            lines += [f"| {name} | {value} |" for name, value in size["ratios"].items()]
        lines += _load(size.get("load", {}).get("details", {}))
        lines += _steps("Churn step", _churn_steps(size.get("churn", {}).get("details", {})))
        lines += _steps("Notebook step", size.get("notebook", {}).get("details", {}).get("seconds_by_step", {}))
        lines += _tables(size.get("tables", []))
    return "\n".join(lines) + "\n"


def _churn_steps(details: Result) -> dict[str, float]:
    """Seconds of each step of the churn part, none where it did not run."""
    return {part: details[f"{part}_seconds"] for part in ("fit", "score", "reasons") if details}


def ratios(size: Result) -> dict[str, float]:
    """Chain against scan, chain against notebook, and lines per second, of the parts that ran and succeeded."""
    chain, scan, notebook = (_seconds(size.get(part)) for part in ("chain", "scan", "notebook"))
    found: dict[str, float] = {}
    if chain and scan:
        found["chain seconds / scan seconds"] = round(chain / scan, 1)
    if chain:
        found["lines per second of the chain"] = round(size["lines"] / chain)
    if chain and notebook:
        found["notebook seconds / chain seconds"] = round(notebook / chain, 2)
        memory = size["notebook"]["peak_memory_mb"] / size["chain"]["peak_memory_mb"]
        found["notebook memory / chain memory"] = round(memory, 2)
    if notebook and scan:
        found["notebook seconds / scan seconds"] = round(notebook / scan, 1)
    return found


def _seconds(part: Result | None) -> float | None:
    return float(part["seconds"]) if part and part["exit_code"] == 0 else None


def _part_row(name: str, part: Result) -> str:
    if part["exit_code"] != 0:
        return f"| {PARTS[name]} | failed, exit code {part['exit_code']} | | |"
    cpu = part.get("cpu_seconds")
    return f"| {PARTS[name]} | {part['seconds']} | {'' if cpu is None else cpu} | {part['peak_memory_mb']} |"


def _load(details: Result) -> list[str]:
    """The parts of the load, their ratios, and the tables that take longest."""
    if not details:
        return []
    columns = ("seconds", "cpu_seconds", "start_seconds", "peak_memory_mb")
    head = [
        "",
        "| Load of CSV lines | Seconds | CPU seconds | Starting, seconds | Peak memory, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    rows = [
        f"| {what} | {' | '.join(_cell(float(details[what][column])) for column in columns)} |"
        for what in ("bare", "full", "day", "again")
    ]
    ratios = ["", "| Ratio | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in details["ratios"].items())]
    steps = ["", "| Step | Seconds, full | Seconds, day |", "|---|---:|---:|"]
    slowest = sorted(details["full"]["steps"], key=lambda name: -details["full"]["steps"][name]["seconds"])[:12]
    for name in slowest:
        day = details["day"]["steps"].get(name)
        steps.append(
            f"| {name} | {_cell(details['full']['steps'][name]['seconds'])} | {_cell(day and day['seconds'])} |"
        )
    return [*head, *rows, *ratios, *steps]


def _steps(title: str, seconds: dict[str, float]) -> list[str]:
    if not seconds:
        return []
    return ["", f"| {title} | Seconds |", "|---|---:|", *(f"| {step} | {taken} |" for step, taken in seconds.items())]


def _tables(tables: list[Result]) -> list[str]:
    if not tables:
        return []
    head = ["", "| Table | Snapshot | Rows | Seconds | Peak memory, MB |", "|---|---|---:|---:|---:|"]
    keys = ("table_name", "snapshot_date", "row_count", "seconds", "peak_memory_mb")
    return head + ["| " + " | ".join(_cell(table[key]) for key in keys) + " |" for table in tables]


def _cell(value: Any) -> str:
    return (
        ""
        if value is None
        else f"{value:,.2f}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
