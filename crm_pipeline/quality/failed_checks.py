"""What the newest checks found, in lines for the terminal: what stands now one by one, what is history in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.quality.newest_checks import FAILURES
from crm_pipeline.report.cells import Result
from crm_pipeline.report.check_words import asked, observed
from crm_pipeline.report.wording import Wording

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST, SHOWN = 10, 3
_ORDERED = f"""
    select * from ({FAILURES})
    order by array_position(['critical', 'error', 'warning'], severity), table_name, check_name
"""


def failed_check_lines(connection: DuckDBPyConnection) -> list[str]:
    """One line per check that fails at its table's newest snapshot, at most ten, and one for those of earlier ones."""
    found = connection.execute(_ORDERED)
    columns = tuple(column[0] for column in found.description)
    result, words = Result("failures", columns, tuple(found.fetchall()), ""), Wording("en", "")
    stands = [row for row in result.indices() if result.cell(row, "is_standing").value]
    lines = [_line(result, row, words) for row in stands[:MOST]]
    if len(stands) > MOST:
        lines.append(f"... and {len(stands) - MOST} more (crm-pipeline quality).")
    earlier = [
        f"{result.cell(row, 'table_name').value} {result.cell(row, 'newest_snapshot').value}"
        for row in result.indices()
        if row not in stands
    ]
    named = list(dict.fromkeys(earlier))
    if named:
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        lines.append(f"Only at earlier snapshots failed: {', '.join(named[:SHOWN])}{more} (crm-pipeline quality).")
    return lines


def _line(result: Result, row: int, words: Wording) -> str:
    severity, table, day = (result.cell(row, name).value for name in ("severity", "table_name", "newest_snapshot"))
    text = asked(result, row, words)
    found = observed(result, row, words)
    where = f", snapshot {day}" if day else ""
    return f"{severity}: {table}{where}: {text}" + (f": {found}" if found else "")
