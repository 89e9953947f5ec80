"""Staleness: a part is stale when its code or an input differs from what the ledger says it was made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.candidate import Part
from crm_pipeline.warehouse.ledger import Ledger, Version
from crm_pipeline.warehouse.row_hashes import digest

Current = Mapping[str, Mapping[Part, Version]]


def input_hashes(
    ledger: Ledger, current: Current, reader: Table, upstream: Iterable[Table], parts: Sequence[Part]
) -> dict[Part, dict[str, str]]:
    """What each part would be made of now: per upstream table a hash of what the part's as-of view shows."""
    tables = list(upstream)
    dates = [part for part in parts if part is not None]
    events = [t.name for t in tables if t.is_event_table] if reader.is_partitioned else []
    as_of = ledger.as_of_hashes(events, dates)
    gone = ledger.gone() if reader.is_partitioned else {}
    found: dict[Part, dict[str, str]] = {}
    for part in parts:
        found[part] = {
            table.name: as_of[table.name, part]
            if part is not None and table.name in events
            else combined_hash(current, reader, table, part, gone.get(table.name))
            for table in tables
        }
    return found


def hash_of_whole(content_hash: str) -> str:
    """The hash that a reader writes down of a table without parts."""
    return digest(f"None={content_hash}")


def combined_hash(
    current: Current, reader: Table, table: Table, part: Part, gone: Mapping[Part, str] | None = None
) -> str:
    """Hash of the parts of ``table`` that ``reader`` sees at ``part`` (of itself: the parts before).

    ``gone``: contents of parts that retention took away since. What was made of them is not stale: else each snapshot
    that expires would have all later ones built again, from less than they knew.
    """
    versions = current.get(table.name, {})
    if not table.is_partitioned or part is None:
        return digest(
            *(
                f"{key}={version.content_hash}"
                for key, version in sorted(versions.items(), key=lambda item: str(item[0]))
            )
        )
    contents = {**(gone or {}), **{key: version.content_hash for key, version in versions.items()}}
    visible = [
        f"{key}={content}"
        for key, content in sorted(contents.items(), key=lambda item: str(item[0]))
        if isinstance(key, date) and (key < part or (key == part and table.name != reader.name))
    ]
    return digest(*visible)


def why_stale(version: Version | None, code_hash: str, inputs: Mapping[str, str]) -> str | None:
    """The reason in words, or None when the part is up to date."""
    if version is None:
        return "not built yet"
    if version.code_hash != code_hash:
        return "its code or contract changed"
    names = {*inputs, *version.input_hashes}  # a source that was taken out is a change too
    changed = sorted(name for name in names if inputs.get(name) != version.input_hashes.get(name))
    return f"changed input: {', '.join(changed)}" if changed else None
