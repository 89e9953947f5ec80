"""A source of orders that is mostly rejected: that is a mistake in its mapping, and no reason to empty every table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.values import literal

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

RULES_TOLD = 3
FEWEST_ROWS = 10
"""Fewer rows than these may all be wrong without the mapping being so."""


def check_rejected_shares(
    connection: DuckDBPyConnection, settings: Path, entity: str, judged: str, largest_shares: Mapping[str, float]
) -> None:
    """UserError that names each source with too many rejected rows, the rules that these broke, and where first.

    Args:
        judged: a relation with the judged rows of the entity.
        largest_shares: per source the share of rejected rows that is put up with; all rows never are.
    """
    limits = " ".join(f"when {literal(name)} then {share}" for name, share in sorted(largest_shares.items()))
    limit = f"case source {limits} else 1.0 end" if limits else "1.0"
    rows = connection.execute(
        f"with judged as (select source, file_name, position, verdict, rule from {judged} "
        "where verdict <> 'left_out'), "
        "lost as (select source, count(*) as total, count(*) filter (verdict = 'rejected') as rejected "
        f"from judged group by source having count(*) >= $fewest and (bool_and(verdict = 'rejected') "
        f"or count(*) filter (verdict = 'rejected') > {limit} * count(*))), "
        "broken as (select source, rule, count(*) as n, min((file_name, position)) as place "
        "from judged semi join lost using (source) where verdict = 'rejected' group by source, rule) "
        "select source, total, rejected, rule, n, place[1] as file_name, place[2] as position "
        "from broken join lost using (source) order by source, n desc, rule",
        {"fewest": FEWEST_ROWS},
    ).fetchall()
    if not rows:
        return
    texts = []
    for name, total, rejected in dict.fromkeys(row[:3] for row in rows):
        rules = [
            f"{rule} ({count:,} {'row' if count == 1 else 'rows'}, the first is record {position} of {file_name})"
            for source, _, _, rule, count, file_name, position in rows
            if source == name
        ]
        which = f"all {total:,}" if rejected == total else f"{rejected:,} of {total:,}"
        hint = "" if rejected == total else ", or raise `largest_rejected_share` of the source"
        texts.append(
            f"{settings}: sources.{name}: {which} rows of {entity} are rejected: "
            f"{'; '.join(rules[:RULES_TOLD])}. "
            f"Say how these values are written (docs/own-data.md, Columns){hint}; the last good tables stay"
        )
    raise UserError("\n".join(texts))
