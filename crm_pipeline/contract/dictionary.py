"""The data dictionary: every table and column, written from the contracts."""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.contract.table import Table

HEAD = """# Data dictionary

Written from the contracts by `make docs`; do not edit. `crm.duckdb` holds every stage but `staged`, which lies in
`vault.duckdb`; `published.duckdb` is the copy for readers.

"""

KINDS = {
    "replaced": "rebuilt whole",
    "snapshot": "one part per snapshot date",
    "append_only": "every version kept, the newest shown",
}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _section(table: Table) -> str:
    lines = [
        f"### `{table.stage}.{table.name}`",
        "",
        table.description,
        "",
        f"*Grain:* {', '.join(f'`{name}`' for name in table.grain)}. *Kind:* {KINDS[table.kind]}.",
        "",
        "| Column | Type | Meaning |",
        "|---|---|---|",
    ]
    for column in table.columns:
        notes = [] if not column.nullable else ["may be null"]
        notes += [] if column.pii == "none" else [f"{column.pii} personal data"]
        more = f" ({', '.join(notes)})" if notes else ""
        lines.append(f"| `{column.name}` | {column.type} | {_cell(column.description)}{more} |")
    if table.rules:
        lines += ["", "Every row: " + "; ".join(f"`{_cell(rule)}`" for rule in table.rules) + "."]
    if table.expectations:
        lines += ["", "Expected of its profile:", ""]
        for item in table.expectations:
            low = "" if item.minimum is None else f"{item.minimum:g} ≤ "
            high = "" if item.maximum is None else f" ≤ {item.maximum:g}"
            lines.append(f"- {low}{item.name}{high} ({item.severity}{': ' + item.why if item.why else ''})")
    return "\n".join(lines) + "\n"


def render(tables: Sequence[Table]) -> str:
    """The whole dictionary as Markdown: an index by stage, then a section per table."""
    stages = list(dict.fromkeys(table.stage for table in tables))
    index = []
    for stage in stages:
        names = ", ".join(f"[`{t.name}`](#{t.stage}{t.name})" for t in tables if t.stage == stage)
        index.append(f"- **{stage}**: {names}")
    parts = [HEAD + "\n".join(index) + "\n"]
    for stage in stages:
        parts.append(f"\n## {stage}\n\n" + "\n".join(_section(table) for table in tables if table.stage == stage))
    return "".join(parts)
