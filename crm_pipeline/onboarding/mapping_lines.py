"""The lines of a source's mapping: names, formats, expressions where a plain name does not do, and doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.onboarding.columns import ColumnLook
from crm_pipeline.onboarding.dates import EPOCH_MILLISECONDS, EPOCH_SECONDS
from crm_pipeline.onboarding.guess import Assigned
from crm_pipeline.onboarding.names import word_set
from crm_pipeline.onboarding.proposal import ProposedColumn
from crm_pipeline.onboarding.roles import SURE

FEW_VALUES = 60
SHORT = 60
PERSONAL = word_set("email phone given family address postcode birth city name id")
GOOD = 0.98


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def number_style(looks: Sequence[ColumnLook]) -> dict[str, Any]:
    """The `read` settings for decimal and thousands marks: what most of the file's number columns show."""
    numbers = [look.numbers for look in looks if look.numbers is not None]
    marks = Counter(item.decimal for item in numbers if item.decimal is not None)
    if not marks:
        return {}
    decimal = marks.most_common(1)[0][0]
    groups = Counter(item.thousands for item in numbers if item.thousands and item.thousands != decimal)
    found: dict[str, Any] = {}
    if decimal == ",":
        found["decimal"] = ","
    if groups:
        found["thousands"] = groups.most_common(1)[0][0]
    return found


def column_line(target: str, item: Assigned, style: Mapping[str, Any]) -> ProposedColumn:
    """One entity column filled from one source column."""
    look = item.look
    notes = [f"taken for it because {item.reason}"] if item.reason else []
    if not item.reason and item.score < SURE:
        notes.append(f"is it {_described(target)}? the name does not say so clearly")
    mapping: str | dict[str, Any] = look.name
    if look.dates is not None:
        mapping, said = _date_mapping(look)
        notes += said
    elif look.numbers is not None and not target.endswith("_id"):
        mapping, said = _number_mapping(look, style)
        notes += said
    elif look.true_words:
        words = ", ".join(f"'{word}'" for word in look.true_words)
        mapping = {"sql": f"trim({quoted(look.name)}) in ({words})"}
    if target.endswith("_id") and look.kind == "email":
        notes.append("this id is an e-mail address and will be in every table; map another key if there is one")
    return ProposedColumn(target, mapping, "; ".join(notes))


def _described(target: str) -> str:
    return target.replace("_", " ")


def _date_mapping(look: ColumnLook) -> tuple[str | dict[str, Any], list[str]]:
    dates = look.dates
    assert dates is not None
    notes = []
    if not dates.is_decided:
        first = "the day" if "%d" in dates.formats[0][:3] else "the month"
        notes.append(f"{first} is taken to come first; no value proves it")
    if dates.share < GOOD:
        notes.append(f"{100 * (1 - dates.share):.0f} % of the values are not written like this")
    if dates.formats[0] in (EPOCH_SECONDS, EPOCH_MILLISECONDS):
        divisor = "" if dates.formats[0] == EPOCH_SECONDS else " / 1000"
        return {"sql": f"to_timestamp({quoted(look.name)}::bigint{divisor})"}, notes
    formats = [text for text in dates.formats if text]
    if "" in dates.formats and formats:
        formats.insert(0, "%Y-%m-%d")
    if not formats:
        return look.name, notes
    return {"column": look.name, "format": formats[0] if len(formats) == 1 else formats}, notes


def _number_mapping(look: ColumnLook, style: Mapping[str, Any]) -> tuple[str | dict[str, Any], list[str]]:
    numbers = look.numbers
    assert numbers is not None
    notes = []
    if numbers.decimal is None and not numbers.is_whole and not style:
        notes.append("`1.234` may be 1234 or 1.234: state `read: {decimal: ...}` if it is read wrongly")
    if numbers.share < GOOD:
        notes.append(f"{100 * (1 - numbers.share):.0f} % of the values are no such numbers")
    differs = numbers.decimal is not None and numbers.decimal != style.get("decimal", ".")
    if not numbers.signs and not differs:
        return look.name, notes
    text = quoted(look.name)
    for sign in (*numbers.signs, "\u00a0", " "):
        text = f"replace({text}, {_sql_text(sign)}, '')"
    decimal = numbers.decimal or style.get("decimal", ".")
    thousands = numbers.thousands or ("." if decimal == "," else ",")
    text = f"replace({text}, {_sql_text(thousands)}, '')"
    if decimal != ".":
        text = f"replace({text}, {_sql_text(decimal)}, '.')"
    return {"sql": text}, notes


def _sql_text(text: str) -> str:
    return "chr(160)" if text == "\u00a0" else "'" + text.replace("'", "''") + "'"


def with_time_of_day(line: ProposedColumn, looks: Sequence[ColumnLook], used: set[str]) -> ProposedColumn:
    """A date whose time of day stands in a column of its own: both together."""
    dated = next((look for look in looks if look.name == _column_of(line)), None)
    clock = next((look for look in looks if look.kind == "time" and look.name not in used), None)
    if dated is None or dated.dates is None or dated.dates.has_time or clock is None:
        return line
    formats = dated.dates.formats
    sql = f"{quoted(dated.name)} || ' ' || {quoted(clock.name)}"
    used.add(clock.name)
    mapping: dict[str, Any] = {"sql": sql}
    if formats[0]:
        mapping["format"] = f"{formats[0]} %H:%M" + (":%S" if clock.longest > 5 else "")
    return ProposedColumn(line.target, mapping, "; ".join(filter(None, [line.note, f"time from {clock.name}"])))


def _column_of(line: ProposedColumn) -> str | None:
    return line.mapping if isinstance(line.mapping, str) else line.mapping.get("column")


def personal_lines(looks: Sequence[ColumnLook], used: set[str]) -> list[ProposedColumn]:
    """Name and address of customers where their parts stand in columns of their own."""
    surname = "family" if any(look.says("family") for look in looks) else "name"
    found: list[ProposedColumn] = []
    for parts in (
        {"first_name": "given", "last_name": surname},
        {"street": "address", "postcode": "postcode", "city": "city"},
    ):
        taken: dict[str, str] = {}
        for target, concept in parts.items():
            free = [look for look in looks if look.name not in used and look.name not in taken.values()]
            name = next((look.name for look in free if look.says(concept) and _is_text(look)), None)
            if name is not None:
                taken[target] = name
        if len(taken) > 1:
            found += [ProposedColumn(target, name) for target, name in taken.items()]
            used.update(taken.values())
    return found


def _is_text(look: ColumnLook) -> bool:
    return look.kind in ("text", "number", "phone")


def attribute_lines(looks: Sequence[ColumnLook], used: set[str]) -> list[ProposedColumn]:
    """Columns of customers that describe and do not identify: few different, short values."""
    taken = {column.name for column in ENTITIES["customers"].columns if not column.is_attribute}
    found = []
    for look in looks:
        name = "_".join(part for part in look.name.lower().replace("-", " ").split()) or look.name
        personal = any(word & PERSONAL for word in look.words) or look.kind in ("email", "phone", "empty", "date")
        if look.name in used or personal or name in taken or look.longest > SHORT:
            continue
        if look.distinct <= FEW_VALUES and look.distinct * 2 <= look.rows:
            found.append(ProposedColumn(name, look.name))
            taken.add(name)
            used.add(look.name)
    return found
