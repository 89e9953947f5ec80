"""The query that reads a source as an entity: text as mapped, values as typed, and the first rule that a row breaks."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.contract.sql import safe_casts, strict_casts
from crm_pipeline.ingestion.entity import Entity
from crm_pipeline.ingestion.reading.mapped_columns import copied_names, read_columns
from crm_pipeline.ingestion.reading.visible_ends import names_to_trim
from crm_pipeline.ingestion.values import (
    LARGEST_AMOUNT,
    is_too_large,
    largest_plausible,
    literal,
    source_columns,
    text_of,
    typed,
)
from crm_pipeline.project import FROM_ORDER, ColumnMapping, Source

ORDER_HEADERS = "order_headers"
"""The temporary view in which lines find their orders: source, order_id and what is known of clean orders."""
LEFT_OUT = "left_out"
"""The verdict of rows that are not for the source's entity."""
EARLIEST = "1970-01-01"
STATIC_SINCE = f"timestamp '{EARLIEST} 00:00:00'"
DERIVED_AMOUNT = (  # wide enough for any product of the two
    "try_cast(round(quantity::decimal(19, 3) * unit_price::decimal(19, 4) - coalesce(discount_amount, 0), 4) "
    "as decimal(18, 4))"
)
WORDS = {
    "decimal": "a number",
    "timestamp": "a date and time",
    "date": "a date",
    "boolean": "true or false",
    "varchar": "text",
}


@dataclass(frozen=True)
class LoadedFile:
    """One current file of a source: its name, its immutable copy, when it was loaded (project time), and its rows."""

    name: str
    copy: Path
    loaded_at: datetime
    row_count: int = 0


def _verdict(entity: Entity, source: Source, project_rules: Sequence[tuple[str, str]]) -> str:
    """The first rule that the row breaks, as a case expression; null for a good row."""
    cases = ["when broken is not null then 'line cannot be read: ' || broken"]
    if source.where is not None:
        cases.append("when is_open then 'where cannot be judged'")
    for column in entity.columns:
        if column.required:
            cases.append(f"when \"text_{column.name}\" is null then '{column.name} is missing'")
    if source.join is not None:
        cases.append(f"when not has_order then {literal(f'its order is not among the clean rows of {source.join}')}")
    for column in entity.columns:
        word = WORDS[column.type.split("(")[0]]
        if column.type != "varchar" and column.name in source.columns:
            failed = f'"text_{column.name}" is not null and "{column.name}" is null'
            if word == "a number":
                too_large = is_too_large(column, source.columns[column.name], source.read)
                cases.append(f"when {failed} and {too_large} then '{column.name} is too large'")
            cases.append(f"when {failed} then '{column.name} is not {word}'")
            if word == "a number" and (limit := largest_plausible(column)):
                cases.append(f"when abs(\"{column.name}\") > {limit} then '{column.name} is implausibly large'")
    if source.amount_is_derived:
        known = "quantity is not null and unit_price is not null"
        cases.append(f"when {known} and net_amount is null then 'net_amount is not a number'")
        cases.append(f"when abs(net_amount) > {LARGEST_AMOUNT} then 'net_amount is implausibly large'")
    for column in entity.columns:
        if column.type == "timestamp" and column.name in source.columns:
            cases.append(f"when \"{column.name}\" < {STATIC_SINCE} then '{column.name} lies before {EARLIEST}'")
    if entity.event_time and entity.event_time in source.columns:
        cases.append(
            f"when \"{entity.event_time}\" > loaded_at + interval 1 day then '{entity.event_time} lies in the future'"
        )
    for predicate, reason in project_rules:
        cases.append(f"when ({predicate}) is not true then {literal(reason)}")
    return "case " + " ".join(cases) + " end"


def _known_at(entity: Entity, source: Source) -> str:
    if source.join is not None:  # with its order at the earliest
        mapped = "mapped_known_at, " if "known_at" in source.columns else ""
        return f'greatest({mapped}"{entity.event_time}", order_known_at)'
    if "known_at" in source.columns:
        event = f', "{entity.event_time}"' if entity.event_time else ""
        return f"greatest(mapped_known_at{event})"
    if source.static:
        return STATIC_SINCE
    return f'"{entity.event_time}"' if entity.event_time else "cast(null as timestamp)"


def _concerns(source: Source) -> list[str]:
    """Whether a row is for the source's entity, where the source says so; a line that cannot be read may be.

    So may a row on which the predicate fails, such as `amount::int > 0` where the amount is "12,5": its casts give null
    here, and where they leave the answer open, the predicate as it was written tells an error from a missing value.
    """
    if source.where is None:
        return []
    answer = f"try({safe_casts(source.where)})"
    words = [word.strip() for word in source.read.nulls if word.strip()]
    fails = f"try(({strict_casts(source.where, words)}) is null) is null"
    is_open = f"__broken is null and case when {answer} is null then {fails} else false end"
    return [f"{is_open} as is_open", f"__broken is not null or {answer} is true or ({is_open}) as concerns"]


def _source_row(source: Source) -> tuple[str, str]:
    """Which row of the source this is, and which of its versions; nothing where rows are never replaced one by one."""
    if source.extraction is None or not source.extraction.is_upsert:
        return "cast(null as varchar) as source_key", "cast(null as bigint) as source_version"
    return "__key as source_key", "cast(__version as bigint) as source_version"


def _text(name: str, source: Source, to_trim: Set[str] | None) -> str:
    """The text of one column; customers' keys that are a number space of their own are told apart by its name."""
    text = _plain_text(source.columns.get(name), source, to_trim)
    if name != "customer_id" or source.customer_keys is None:
        return text
    return f"{literal(source.customer_keys + ':')} || {text}"


def _plain_text(mapping: ColumnMapping | None, source: Source, to_trim: Set[str] | None) -> str:
    """The text of a mapping; ``to_trim`` are the files' columns that may need it (None: not known)."""
    column = mapping.column if mapping is not None else None
    is_trimmed = column is not None and to_trim is not None and column.lower() not in to_trim
    return text_of(mapping, source.read, is_trimmed=is_trimmed)


def content_digest(names: Sequence[str]) -> str:
    """The identifier of a row that has none of its own: a digest of its content."""
    return "md5(concat_ws('|', " + ", ".join(f"coalesce(cast(\"{name}\" as varchar), '')" for name in names) + "))"


def _with_orders(source: Source) -> str:
    """CTE `placed`: the typed rows, with what they do not map themselves from the clean order of the same id."""
    if source.join is None:
        return "placed as (select * from typed)"
    filled = ", ".join(f'orders."{name}" as "{name}"' for name in FROM_ORDER if name not in source.columns)
    replaced = f" replace ({filled})" if filled else ""
    return (
        f"placed as (select typed.*{replaced}, orders.order_id is not null as has_order, "
        f"orders.known_at as order_known_at from typed left join "
        f"(select * from {ORDER_HEADERS} where source = {literal(source.join)}) as orders "
        f"on typed.order_id = orders.order_id)"
    )


def _file_query(name: str, source: Source, file: LoadedFile) -> str:
    """The needed columns of one file by their names: files of one source may have them in any order."""
    wanted = source_columns([(m, read_columns(m)) for m in source.reads.values()], copied_names(file.copy))
    is_upsert = source.extraction is not None and source.extraction.is_upsert
    chosen = ", ".join(["__position", "__broken", *(["__key", "__version"] if is_upsert else []), *wanted])
    return (
        f"select {literal(name)} as __source, {literal(file.name)} as __file_name, "
        f"timestamp '{file.loaded_at}' as __loaded_at, {chosen} from read_parquet({literal(str(file.copy))})"
    )


def source_query(entity: Entity, name: str, source: Source, files: Sequence[LoadedFile], project_zone: str) -> str:
    """Select the staged columns of one source: position, typed values, known_at, verdict and the broken rule.

    A source with `join` reads the view `ORDER_HEADERS`, which the caller makes.
    """
    zone = source.time_zone or project_zone
    hidden = {column.name for column in entity.columns if not column.is_attribute}
    extra = [key for key in source.columns if key not in hidden]
    to_trim = {name for file in files for name in names_to_trim(file.copy)} if files else None
    texts = [f'{_text(c.name, source, to_trim)} as "text_{c.name}"' for c in entity.columns]
    attributes = (
        "map(["
        + ", ".join(literal(key) for key in extra)
        + "], ["
        + ", ".join(_plain_text(source.columns[key], source, to_trim) for key in extra)
        + "])"
    )
    if entity.extra_columns:
        texts.append(f"cast({attributes if extra else 'map([], [])'} as map(varchar, varchar)) as attributes")
    reads = " union all ".join(_file_query(name, source, file) for file in files)
    own_names = ("source", "file_name", "loaded_at", "position", "broken")  # a file may have columns of these names
    mapped = ", ".join([*(f"__{own} as {own}" for own in own_names), *_source_row(source), *texts, *_concerns(source)])
    own = [c for c in entity.columns if c.name != "known_at"]
    types = [f'{typed(c, source.columns.get(c.name), source.read, zone, project_zone)} as "{c.name}"' for c in own]
    known = next(c for c in entity.columns if c.name == "known_at")
    types.append(f"{typed(known, source.columns.get('known_at'), source.read, zone, project_zone)} as mapped_known_at")
    if source.amount_is_derived:
        types = [item for item in types if not item.endswith('as "net_amount"')]
        types.append(f"{DERIVED_AMOUNT} as net_amount")
    digest = content_digest([c.name for c in own if c.name != entity.generated_key])
    values = [
        f'{digest if c.name not in source.columns else f"""coalesce("{c.name}", {digest})"""} as "{c.name}"'
        if c.name == entity.generated_key
        else f'"{c.name}"'
        for c in own
    ]
    carried = ", attributes" if entity.extra_columns else ""
    left_out = f"when not concerns then '{LEFT_OUT}' " if source.where is not None else ""
    rule = "case when concerns then rule end" if source.where is not None else "rule"
    rules = [*entity.rules, *((safe_casts(predicate), reason) for reason, predicate in source.rules.items())]
    verdict = _verdict(entity, source, rules).replace('"known_at"', "mapped_known_at")
    return (
        f"with mapped as (select {mapped} from ({reads})), typed as (select *, {', '.join(types)} from mapped), "
        f"{_with_orders(source)}, "
        f"judged as (select *, {_known_at(entity, source)} as known_at, {verdict} as rule from placed) "
        f"select source, file_name, position, loaded_at, source_key, source_version, "
        f"{', '.join(values)}{carried}, known_at, case {left_out}when rule is null then 'clean' else 'rejected' end "
        f"as verdict, {rule} as rule from judged"
    )
