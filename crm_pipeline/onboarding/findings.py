"""What a check finds in a project's sources: what keeps it from running, and what a person should look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crm_pipeline.counting import agreeing, counted
from crm_pipeline.onboarding.missing_words import said, unnamed_words
from crm_pipeline.onboarding.sufficiency import Sufficiency
from crm_pipeline.onboarding.typed import TypedProject, TypedSource

Level = Literal["error", "warning", "note"]

MANY_REJECTED = 0.05
EXAMPLES = 3
FEW_UNKNOWN = 0.05
REFERENCES = {"product_id": "products", "customer_id": "customers", "campaign_id": "campaigns", "coupon_id": "coupons"}
"""Columns whose values should be keys of another entity."""


@dataclass(frozen=True)
class Finding:
    """One thing found: how bad it is, in which source, what, and where (file: positions) for a few examples."""

    level: Level
    source: str
    message: str
    examples: tuple[str, ...] = ()


def find_all(typed: TypedProject, *, show_values: bool, early: Sequence[Finding] = ()) -> list[Finding]:
    """Everything found, errors first; ``early`` is what was found of the snapshots."""
    found = [*early, *_unread_files(typed)]
    for source in typed.sources.values():
        found += [Finding("error", source.name, problem) for problem in source.problems]
        if source.source.extraction is not None and not source.file_names:
            found.append(
                Finding("warning", source.name, "nothing is fetched yet: the first run will, then check again")
            )
        if source.table is not None:
            found += _without_rows(typed, source)
            found += _rejections(typed, source, show_values=show_values)
            found += _missing_words(source)
            found += _repeated_keys(typed, source)
            found += _ranges(typed, source)
            found += _references(typed, source)
    order: list[Level] = ["error", "warning", "note"]
    return sorted(found, key=lambda item: (order.index(item.level), item.source))


def before_first_order(found: Sufficiency) -> list[Finding]:
    """Snapshots by which nobody had ordered: a run refuses them. In a sample the first order may not be the first."""
    history = found.history
    first = history.known_from
    early = [day for day in found.snapshots_due if first is not None and day <= first]
    if not early:
        return []
    more = f" (and {len(early) - 1} more)" if len(early) > 1 else ""
    said = (
        f"snapshot {early[0]}{more} lies before the first order that is known, of {first}, so that nobody can be scored"
    )
    level: Level = "error" if history.share == 1 else "warning"
    return [Finding(level, "snapshots", f"{said}: begin the series later")]


def _without_rows(typed: TypedProject, source: TypedSource) -> Iterator[Finding]:
    if source.file_names and not typed.rows(f"select 1 from {source.table} limit 1"):
        yield Finding("warning", source.name, "there is not one row in its files: only names of columns")


def _missing_words(source: TypedSource) -> Iterator[Finding]:
    """Words such as `n/a`; those that stand for a customer or product make one of them out of many."""
    texts = {column.name for column in source.entity.columns if column.type == "varchar"}
    for target, column, words in unnamed_words(source):
        level: Level = "warning" if target.endswith("_id") else "note"
        is_text = target in texts or target not in source.entity.column_names
        yield Finding(level, source.name, said(target, column, words, is_text=is_text))


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f} %" if share >= 0.1 or not part else "under 0.1 %"


def _rejections(typed: TypedProject, source: TypedSource, *, show_values: bool) -> Iterator[Finding]:
    rows = typed.rows(
        f"select rule, count(*) as n, min(total) from "
        f"(select rule, count(*) over () as total from {source.table}) where rule is not null "
        "group by rule order by n desc, rule"
    )
    for rule, *counts in rows:
        count, total = (int(str(number)) for number in counts)
        if source.source.join is not None and "its order is not among" in str(rule) and not _is_whole(typed, source):
            continue  # an order may lie outside the sample
        share = count / total
        is_all = count == total and source.source.entity in ("orders", "order_lines")
        level: Level = "error" if is_all else "warning" if share >= MANY_REJECTED else "note"
        part = f"{count:,} of {counted(total, 'row')} ({_percent(count, total)})"
        message = f"{part} {agreeing(count, 'is', 'are')} rejected: {rule}"
        yield Finding(level, source.name, message, tuple(_examples(typed, source, str(rule), show_values)))


def _is_whole(typed: TypedProject, source: TypedSource) -> bool:
    """Whether the source and the one that it joins were read whole."""
    joined = typed.sources.get(source.source.join or "")
    return source.is_whole and (joined is None or joined.is_whole)


def _examples(typed: TypedProject, source: TypedSource, rule: str, show_values: bool) -> Iterator[str]:
    rows = typed.rows(
        f"select file_name, position from {source.table} where rule = ? order by file_name, abs(position) limit ?",
        rule,
        EXAMPLES,
    )
    for file_name, position in rows:
        number = int(str(position))
        where = f"{file_name}: line {-number}" if number < 0 else f"{file_name}: position {number}"
        if show_values and (value := _raw_value(source, str(file_name), number, rule)) is not None:
            where += f", {value!r}"
        yield where


def _raw_value(source: TypedSource, file_name: str, position: int, rule: str) -> str | None:
    """What the file has where a rule about one column broke."""
    mapping = source.source.columns.get(rule.split(" ")[0])
    sample = next((s for s in source.samples if s.path.name == file_name.rsplit("/", 1)[-1]), None)
    if mapping is None or mapping.column is None or sample is None:
        return None
    names = {name.lower(): name for name in sample.rows.column_names}
    column = sample.rows.column(names[mapping.column.lower()])
    where = sample.rows.column("__position").to_pylist().index(position)
    value = column[where].as_py()
    return None if value is None else str(value)


def _repeated_keys(typed: TypedProject, source: TypedSource) -> Iterator[Finding]:
    entity = source.entity
    keys = ", ".join(f'"{name}"' for name in entity.key)
    row = typed.rows(
        f"select count(*), coalesce(sum(n - 1), 0) from (select count(*) as n from {source.table} "
        f"where verdict = 'clean' group by {keys} having count(*) > 1)"
    )[0]
    many, surplus = int(str(row[0])), int(str(row[1]))
    if not many:
        return
    what = "identical rows count as duplicates, others are rejected" if entity.event_time else "the newest row counts"
    named = "the same content" if entity.generated_key and entity.generated_key not in source.source.columns else keys
    level: Level = "note"
    if entity.generated_key and entity.generated_key not in source.source.columns:
        what += "; map an order_line_id if an order may hold two equal lines"
    yield Finding(
        level,
        source.name,
        f"{counted(many, 'key')} ({named}) {agreeing(many, 'occurs', 'occur')} more than once, "
        f"{counted(surplus, 'row')} too many: {what}",
    )


def _ranges(typed: TypedProject, source: TypedSource) -> Iterator[Finding]:
    entity = source.entity
    if entity.event_time is not None:
        first, last = typed.rows(
            f'select min("{entity.event_time}")::date, max("{entity.event_time}")::date from {source.table} '
            "where verdict = 'clean'"
        )[0]
        if first is not None:
            yield Finding("note", source.name, f"{entity.event_time} runs from {first} to {last}")
    if source.source.entity not in ("orders", "order_lines"):
        return
    total, negative, zero, nobody = (
        int(str(value))
        for value in typed.rows(
            "select count(*), count(*) filter (net_amount < 0), count(*) filter (net_amount = 0), "
            f"count(*) filter (customer_id is null) from {source.table} where verdict = 'clean'"
        )[0]
    )
    if negative:
        level: Level = "warning" if 2 * negative > total else "note"
        message = f"{_percent(negative, total)} of the amounts are negative: they count as returns"
        yield Finding(level, source.name, message)
    if 10 * zero > total:
        yield Finding("warning", source.name, f"{_percent(zero, total)} of the amounts are zero")
    if nobody:
        level = "warning" if 2 * nobody > total else "note"
        message = f"{_percent(nobody, total)} of the rows have no customer: they stay out of customer tables"
        yield Finding(level, source.name, message)


def _references(typed: TypedProject, source: TypedSource) -> Iterator[Finding]:
    """Values that should be keys elsewhere; judged where the other side was read whole."""
    for column, entity in REFERENCES.items():
        others = [other for other in typed.of(entity) if other.name != source.name]
        if source.source.entity == entity or column not in source.entity.column_names or not others:
            continue
        if not all(other.is_whole for other in others):
            continue
        keys = " union ".join(f"select \"{column}\" from {other.table} where verdict = 'clean'" for other in others)
        total, unknown = (
            int(str(value))
            for value in typed.rows(
                f'select count(*), count(*) filter ("{column}" not in ({keys})) from {source.table} '
                f"where verdict = 'clean' and \"{column}\" is not null"
            )[0]
        )
        if unknown:
            is_odd = unknown == total or (entity == "products" and unknown > FEW_UNKNOWN * total)
            level: Level = "warning" if is_odd else "note"
            names = ", ".join(other.name for other in others)
            message = f"{_percent(unknown, total)} of the rows name a {column} that {names} does not have"
            if unknown == total:
                message += ": are the two written alike?"
            yield Finding(level, source.name, message)


def _unread_files(typed: TypedProject) -> Iterator[Finding]:
    """Data files in the project's folder that belong to no source."""
    from crm_pipeline.ingestion.reading.reader import kind_of

    project = typed.project
    used = {path.resolve() for source in typed.sources.values() for path in _paths(typed, source)}
    for path in sorted(project.folder.rglob("*")):
        relative = path.relative_to(project.folder)
        if relative.parts[0] == "warehouse" or any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_file() and kind_of(path) is not None and path.resolve() not in used:
            yield Finding("note", "-", f"{relative.as_posix()} belongs to no source")


def _paths(typed: TypedProject, source: TypedSource) -> list[Path]:
    return typed.project.source_files(source.name) if source.file_names else []
