"""The data dictionary: every table and column, written from the contracts."""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.reader_views import VIEWS, View

HEAD = """# Data dictionary

Written from the contracts by `make docs`; do not edit. `crm.duckdb` holds every stage but `staged` and `identity`,
which lie in `vault.duckdb`; `published.duckdb` is the copy for readers.

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


def _view(view: View, tables: dict[str, Table]) -> str:
    """A view with the meaning of its columns, which it takes from the tables that it reads."""
    import sqlglot
    from sqlglot import exp

    query = sqlglot.parse_one(view.sql, read="duckdb").find(exp.Select)
    assert query is not None
    lines = [f"### `{view.name}`", "", view.description, "", "| Column | Meaning |", "|---|---|"]
    for name in query.named_selects:
        lines.append(f"| `{name}` | {_cell(view.meaning(name, tables))} |")
    return "\n".join(lines) + "\n"


def render(tables: Sequence[Table]) -> str:
    """The whole dictionary as Markdown: an index by stage, a section per table, then the views of the readers' copy."""
    stages = list(dict.fromkeys(table.stage for table in tables))
    index = []
    for stage in stages:
        names = ", ".join(f"[`{t.name}`](#{t.stage}{t.name})" for t in tables if t.stage == stage)
        index.append(f"- **{stage}**: {names}")
    parts = [HEAD + "\n".join(index) + "\n"]
    for stage in stages:
        parts.append(f"\n## {stage}\n\n" + "\n".join(_section(table) for table in tables if table.stage == stage))
    by_name = {table.name: table for table in tables}
    parts.append("\n## Views of `published.duckdb`\n\nIn the schema `main`, so that their names are enough.\n\n")
    parts.append("\n".join(_view(view, by_name) for view in VIEWS))
    return "".join(parts)
