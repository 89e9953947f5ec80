"""SQL that reads one mapped value: its text, and the text as the type of its column."""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.contract.sql import safe_casts
from crm_pipeline.ingestion.entity import EntityColumn
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline.project import ColumnMapping

BLANKS = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)"
"""What is trimmed off: blank, tabs, ends of lines and pages, and the blank that does not break a line."""
HAS_OFFSET = r":\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$"
USUAL = "%Y-%m-%d %H:%M:%S"
"""How most files write times: what fits this is read in a third of the time, and means the same, without an offset."""
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


LARGEST_AMOUNT = 10**10
"""Of one row, in the project's currency: ten thousand rows of it still add up within what sums can hold."""
LARGEST_QUANTITY = 10**9


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def text_of(mapping: ColumnMapping | None, read: ReadSettings, *, is_trimmed: bool = False) -> str:
    """The value as text; what is blank or one of the source's null words is missing.

    ``is_trimmed``: no value of the column has blanks at its ends.
    """
    if mapping is None:
        return "cast(null as varchar)"
    if mapping.column is not None:
        value = '"' + mapping.column.replace('"', '""') + '"'
    else:
        value = f"cast(try({safe_casts(mapping.sql or '')}) as varchar)"
    # most values begin and end with a visible character of ASCII, and looking is a third of the work of trimming;
    # texts compare by their bytes
    visible = f"{value} >= '!' and {value} < chr(127) and {value}[-1] between '!' and '~'"
    trimmed = value if is_trimmed else f"case when {visible} then {value} else trim({value}, {BLANKS}) end"
    words = ["", *(word.strip() for word in read.nulls if word.strip())]
    if len(words) == 1:
        return f"nullif({trimmed}, '')"
    return f"case when {trimmed} not in ({', '.join(map(literal, words))}) then {trimmed} end"


def typed(column: EntityColumn, mapping: ColumnMapping | None, read: ReadSettings, zone: str, project_zone: str) -> str:
    """The text `text_<column>` as the column's type; null where it does not convert.

    Times are moved from ``zone`` to ``project_zone`` unless they say their own offset.
    """
    text = f'"text_{column.name}"'
    if column.type == "varchar":
        return text
    if column.type.startswith("decimal"):
        return _number(text, column.type, read if mapping is not None and mapping.sql is None else ReadSettings())
    if column.type not in ("timestamp", "date"):
        return f"try_cast({text} as {column.type})"
    formats = mapping.formats if mapping is not None else ()
    if formats:
        found = [_formatted(text, column.type, item, zone, project_zone) for item in formats]
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
    # a zone's name at the end would be dropped without a word
    local = f"case when right({text}, 1) <= '9' then try_cast({text} as timestamp) end"
    if column.type == "date":
        return f"cast({local} as date)"
    offset = f"timezone({literal(project_zone)}, try_cast({text} as timestamptz))"
    moved = _moved(local, zone, project_zone)
    usual = _moved(f"case when {text} between '0' and ':' then try_strptime({text}, '{USUAL}') end", zone, project_zone)
    return f"coalesce({usual}, case when regexp_matches({text}, '{HAS_OFFSET}') then {offset} else {moved} end)"


def _formatted(text: str, kind: str, pattern: str, zone: str, project_zone: str) -> str:
    # whatever the pattern, DuckDB takes these words for a date: 1900-01-01
    written = f"case when lower({text}) not in ('epoch', 'infinity', '-infinity') then {text} end"
    local = f"try_strptime({written}, {literal(pattern)})"
    if pattern.replace("%%", "").lower().count("%z"):  # the text says its own zone
        return f"cast(timezone({literal(project_zone)}, {local}) as {kind})"
    return f"cast({local} as date)" if kind == "date" else _moved(local, zone, project_zone)


def _moved(local: str, zone: str, project_zone: str) -> str:
    if zone == project_zone:
        return local
    return f"timezone({literal(project_zone)}, timezone({literal(zone)}, {local}))"


def _number(text: str, kind: str, read: ReadSettings) -> str:
    """Numbers, rounded half up to the type's places; DuckDB would also take `1_000`, which no file means."""
    if read.decimal == "." and read.thousands is None:
        return f"case when not contains({text}, '_') then try_cast({text} as {kind}) end"
    plain, pattern = plain_number(text, read)
    return f"case when regexp_full_match({text}, {literal(pattern)}) then try_cast({plain} as {kind}) end"


def plain_number(text: str, read: ReadSettings) -> tuple[str, str]:
    """The expression that writes a number with a point and without groups, and the pattern of such numbers."""
    point = rf"\x{ord(read.decimal):02x}"
    whole = r"\d*"
    plain = text
    if read.thousands is not None:
        groups = [read.thousands, *("\u00a0\u202f" if read.thousands == " " else "")]
        group = "[" + "".join(rf"\x{{{ord(mark):x}}}" for mark in groups) + "]"
        whole = rf"(\d*|\d{{1,3}}({group}\d{{3}})+)"
        for mark in groups:
            plain = f"replace({plain}, {literal(mark)}, '')"
    if read.decimal != ".":
        plain = f"replace({plain}, {literal(read.decimal)}, '.')"
    return plain, rf"[+-]?{whole}({point}\d*)?([eE][+-]?\d+)?"


def largest_plausible(column: EntityColumn) -> int | None:
    """The largest amount or quantity, of either sign, that can be meant; None for other numbers."""
    return {"decimal(18,4)": LARGEST_AMOUNT, "decimal(18,3)": LARGEST_QUANTITY}.get(column.type)


def is_too_large(column: EntityColumn, mapping: ColumnMapping | None, read: ReadSettings) -> str:
    """Whether a text that did not convert is a number all the same, but has more digits than the type holds."""
    text = f'"text_{column.name}"'
    if mapping is not None and mapping.sql is None and (read.decimal != "." or read.thousands is not None):
        plain, pattern = plain_number(text, read)
        return f"regexp_full_match({text}, {literal(pattern)}) and try_cast({plain} as double) is not null"
    return f"regexp_full_match({text}, {literal(NUMBER)})"


def source_columns(mappings: Sequence[tuple[ColumnMapping, Sequence[str]]], names: Sequence[str]) -> list[str]:
    """The select list that gives a file's needed columns under the names of the mapping; missing ones are null.

    Args:
        mappings: each mapping with the columns that it reads.
        names: the file's columns, in any order and any case.
    """
    known = {name.lower() for name in names}
    needed = {name.lower(): name for _, wanted in mappings for name in wanted}
    return [
        f'"{_escaped(name)}"' if lower in known else f'cast(null as varchar) as "{_escaped(name)}"'
        for lower, name in needed.items()
    ]


def _escaped(name: str) -> str:
    return name.replace('"', '""')
