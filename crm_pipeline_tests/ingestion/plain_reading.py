"""What a file of order lines says, read in plain Python: character by character, rule by rule.

Written from the documentation (docs/own-data.md) alone; it shares nothing with the code that it judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from crm_pipeline_tests.ingestion.corruptions import COLUMNS, DAY_FORMAT, Style

LATEST = datetime(2024, 6, 2, 12)
"""A day after the load."""
BLANKS = " \t\n\r\v\f\u00a0"
BAD_DAY = ("ordered_at is not a date and time", "ordered_at lies before 1970-01-01", "ordered_at lies in the future")

Judged = dict[str, Any]
File = tuple[str, str]
"""Source and name."""


@dataclass
class Read:
    """Rows by position, and how many lines there are and were skipped."""

    rows: dict[int, list[str] | str]
    line_count: int
    skipped_count: int


def read(data: bytes, style: Style, guessed: str = "utf-8") -> Read:
    """The records (fields) and the rejected lines (reason) after the header.

    What a few stray bytes mean in a file that says nothing is a guess, which is taken over: ``guessed``.
    """
    encoding = guessed if style.encoding.startswith("utf-8") else style.encoding
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
    found = Read({}, len(lines), 1)
    at, number = 1, 0
    while at < len(lines):
        kind, value, used = _parse(lines, at, style)
        if kind == "record":
            number += 1
            found.rows[number] = value
        elif kind == "skipped":
            found.skipped_count += 1
        else:
            found.rows |= {-(line + 1): value for line in range(at, at + used)}
        at += used
    return found


def _body(line: str) -> str:
    return re.sub(r"(\r\n|\r|\n)$", "", line)


def _parse(lines: list[str], at: int, style: Style) -> tuple[str, Any, int]:
    text, used, fields, inside, place = _body(lines[at]), 1, [], [], 0
    if not text or (not text.strip(" \t\v\f") and style.delimiter not in text):
        return "skipped", None, 1
    while True:
        if text[place : place + 1] != '"':
            end = text.find(style.delimiter, place)
            fields.append(text[place:] if end < 0 else text[place:end])
            if end < 0:
                return _judge(fields, lines, at, used, inside)
            place = end + 1
            continue
        value, rest, more = "", lines[at + used - 1][place + 1 :], 0
        while (closing := _closed(rest, style)) is None:
            value += rest
            if at + used + more >= len(lines):
                return "rejected", "a quote is never closed", 1
            if more:
                inside.append(rest)
            rest, more = lines[at + used + more], more + 1
        used += more
        value += rest[:closing]
        fields.append(re.sub(r"(?s)\\(.)", r"\1", value) if style.escape == "\\" else value.replace('""', '"'))
        text = _body(lines[at + used - 1])
        place = len(lines[at + used - 1]) - len(rest) + closing + 1
        if place == len(text):
            return _judge(fields, lines, at, used, inside)
        if text[place] != style.delimiter:
            return "rejected", "text after a closing quote" if used == 1 else "a quote is never closed", 1
        place += 1


def _closed(text: str, style: Style) -> int | None:
    """Where the closing quote stands."""
    place = 0
    while place < len(text):
        if style.escape == "\\" and text[place] == "\\":
            place += 2
        elif text[place] != '"':
            place += 1
        elif style.escape == '"' and text[place + 1 : place + 2] == '"':
            place += 2
        else:
            return place
    return None


def _judge(fields: list[str], lines: list[str], at: int, used: int, inside: list[str]) -> tuple[str, Any, int]:
    def is_complete(line: str) -> bool:
        return _body(line).count(_delimiter(lines)) == len(COLUMNS) - 1

    if inside and 2 * sum(map(is_complete, inside)) > sum(bool(_body(line)) for line in inside):
        return "rejected", "a quote is never closed", 1
    if len(fields) != len(COLUMNS):
        if used > 1 and is_complete(lines[at + used - 1]):
            return "rejected", "a quote is never closed", 1
        return "rejected", "too few fields" if len(fields) < len(COLUMNS) else "too many fields", used
    if any("\0" in field for field in fields):
        return "rejected", "zero bytes", used
    if any("\ufffd" in field for field in fields):
        return "rejected", "not valid in the file's encoding", used
    return "record", fields, used


def _delimiter(lines: list[str]) -> str:
    found = re.match(r'\ufeff?"?line"?(.)', lines[0])
    assert found
    return found.group(1)


def judge(files: Mapping[File, Read], styles: Mapping[File, Style]) -> dict[File, dict[int, Judged]]:
    """Verdict, rule and values of every row of all files, by the rules in their order; repeated keys last."""
    judged = {
        file: {position: _verdict(row, styles[file]) for position, row in found.rows.items()}
        for file, found in files.items()
    }
    by_key: dict[str, list[tuple[datetime, File, int]]] = {}
    for file, rows in judged.items():
        for position, row in rows.items():
            if row["verdict"] == "clean":
                row["order_line_id"] = row["order_line_id"] or f"content {_content(row)}"  # it has none of its own
                by_key.setdefault(row["order_line_id"], []).append((row["ordered_at"], file, position))
    for places in by_key.values():
        (_, file, position), *others = sorted(places)
        first = _content(judged[file][position])
        for _, file, position in others:
            row = judged[file][position]
            is_same = _content(row) == first
            row["verdict"] = "duplicate" if is_same else "rejected"
            row["rule"] = None if is_same else "its key belongs to an earlier row with other values"
    return judged


def _content(row: Judged) -> list[Any]:
    return [row[name] for name in ("order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")]


def _verdict(row: list[str] | str, style: Style) -> Judged:
    if isinstance(row, str):
        return {"verdict": "rejected", "rule": f"line cannot be read: {row}"}
    texts = [_text(field) for field in row]
    names = ("order_line_id", "order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")
    values: Judged = dict(zip(names, texts, strict=True))
    may_be_missing = ("order_line_id", "customer_id")
    rules = [f"{name} is missing" for name in names if name not in may_be_missing and values[name] is None]
    values["ordered_at"], day_rule = _day(values["ordered_at"])
    for name, places in (("quantity", 3), ("net_amount", 4)):
        values[name], rule = _number(values[name], places, name, style)
        rules += [rule] if rule else []
    order = [rule for name in names for rule in rules if rule == f"{name} is missing"]
    order += [day_rule] if day_rule == BAD_DAY[0] else []
    order += [rule for rule in rules if rule not in order]
    order += [day_rule] if day_rule and day_rule != BAD_DAY[0] else []
    return {**values, "verdict": "rejected" if order else "clean", "rule": order[0] if order else None}


def _text(field: str) -> str | None:
    text = field.strip(BLANKS)
    return None if text in ("", "n/a") else text


def _day(text: str | None) -> tuple[datetime | None, str | None]:
    if text is None:
        return None, None
    try:
        if set(text) - set("0123456789-: "):  # Python would take any white space for the blank
            raise ValueError(text)
        day = datetime.strptime(text, DAY_FORMAT)
    except ValueError:
        return None, BAD_DAY[0]
    return day, BAD_DAY[1] if day.year < 1970 else BAD_DAY[2] if day > LATEST else None


LARGEST = {4: Decimal(10) ** 10, 3: Decimal(10) ** 9}


def _number(text: str | None, places: int, name: str, style: Style) -> tuple[Decimal | None, str | None]:
    if text is None:
        return None, None
    plain = text.replace(",", ".") if style.decimal == "," else text
    written_well = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", plain)
    if not written_well or (style.decimal == "," and "." in text):
        return None, f"{name} is not a number"
    value = Decimal(plain)
    with localcontext(prec=2000, Emax=10**9, Emin=-(10**9)):
        limit = Decimal(10) ** (18 - places)
        if abs(value) >= 10 * limit:
            return None, f"{name} is too large"
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if abs(rounded) >= limit:
        return None, f"{name} is too large"
    return rounded + 0, f"{name} is implausibly large" if abs(rounded) > LARGEST[places] else None


def clean(judged: dict[int, Judged]) -> Iterator[Judged]:
    """The rows that are to stand in `cleaned.order_lines`."""
    yield from (row for row in judged.values() if row["verdict"] == "clean")
