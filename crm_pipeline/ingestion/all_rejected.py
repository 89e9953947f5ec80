"""A source of orders of which no row is clean: that is a mistake in its mapping, and no reason to empty every table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

RULES_TOLD = 3
FEWEST_ROWS = 10
"""Fewer rows than these may all be wrong without the mapping being so."""


def check_some_are_clean(connection: DuckDBPyConnection, settings: Path, entity: str, candidate: str) -> None:
    """UserError that names each source without a clean row, the rules that its rows broke, and where first."""
    rows = connection.execute(
        f"with judged as (select * from {candidate}), "
        "lost as (select source, count(*) as total from judged group by source "
        "having bool_and(verdict = 'rejected') and count(*) >= $fewest), "
        "broken as (select source, rule, count(*) as n, min((file_name, position)) as place "
        "from judged semi join lost using (source) group by source, rule) "
        "select source, total, rule, n, place[1] as file_name, place[2] as position "
        "from broken join lost using (source) order by source, n desc, rule",
        {"fewest": FEWEST_ROWS},
    ).fetchall()
    if not rows:
        return
    texts = []
    for name, total in dict.fromkeys((row[0], row[1]) for row in rows):
        rules = [
            f"{rule} ({count:,} {'row' if count == 1 else 'rows'}, the first is record {position} of {file_name})"
            for source, _, rule, count, file_name, position in rows
            if source == name
        ]
        texts.append(
            f"{settings}: sources.{name}: all {total:,} rows of {entity} are rejected: "
            f"{'; '.join(rules[:RULES_TOLD])}. "
            "Say how these values are written (docs/own-data.md, Columns); the last good tables stay"
        )
    raise UserError("\n".join(texts))
