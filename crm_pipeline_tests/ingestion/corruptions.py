"""Order lines as files that are broken in many ways, by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

COLUMNS = ("line", "order", "customer", "product", "day", "units", "amount")
DAY_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Style:
    """How the files of one source are written."""

    delimiter: str = ","
    encoding: str = "utf-8"
    end: str = "\n"
    quotes_all: bool = False
    decimal: str = "."
    escape: str = '"'
    says_all: bool = False

    @property
    def read(self) -> dict[str, Any]:
        """What the source says about it: what cannot be found, or all there is."""
        said: dict[str, Any] = {"nulls": ["n/a"]}
        if self.decimal != ".":
            said["decimal"] = self.decimal
        if self.escape != '"':
            said["escape"] = self.escape
        if self.says_all:
            said |= {"delimiter": self.delimiter, "encoding": self.encoding, "quote": '"'}
        return said


STYLES = (
    Style(),
    Style(delimiter=";", decimal=",", end="\r\n"),
    Style(delimiter="\t", quotes_all=True),
    Style(delimiter="|", encoding="cp1252", says_all=True),
    Style(delimiter=",", encoding="utf-16", says_all=True),
    Style(delimiter="^", end="\r"),
    Style(escape="\\", quotes_all=True),
    Style(delimiter=";", encoding="gb18030", says_all=True),
    Style(delimiter="\x01", says_all=True),
    Style(quotes_all=True, end="\r\n", encoding="utf-8-sig"),
)

AMOUNTS = (
    *("NaN", "inf", "-inf", "1e400", "1e3", "1E-3", "-0", "0.00005", "0.12345", "12.3456789", "99999999999999999999"),
    *("99999999999999.9999", "1_000", "€5", "$5", "(5)", "5-", "0x10", ".", "-", "+", "1e", "+5", ".5", "5.", "true"),
    *("1,234.5", "1.234,5", "\uff15", "nan%", "999999999999999.5", "1e14", "-1e13"),
)
DAYS = (
    "2024-13-01 00:00:00",
    "31/12/2023",
    "1960-01-01 00:00:00",
    "2999-01-01 00:00:00",
    "epoch",
    "infinity",
    "2024-02-30 10:00:00",
    "0000-00-00 00:00:00",
    "2024-01-05 10:00:00 UTC",
    "9999-12-31 23:59:59",
)
TEXTS = (
    "'; drop table order_lines; --",
    '" or 1=1',
    "{{7*7}} ${HOME} %s %(x)s",
    "=1+1",
    "$$ $snapshot_date ? :x",
    "\\N \\' \\\"",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "a\tb",
    " \u00a0padded\u00a0 ",
    "名前",
    "",
    "NULL",
    "n/a",
    "None",
    "x" * 20_000,
)
BYTES = (
    b"\0",
    b"\xff\xfe",
    b"\xc3",
    b"\x80",
    b"\x1a",
    b"\xef\xbb\xbf",
    b"\x07",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b'"',
    b"\r",
    b"\n",
)

Lines = list[str]


def file_of(seed: int, style: Style) -> bytes:
    """One file: good lines, then one to four corruptions. The header stays whole."""
    chance = random.Random(seed)
    rows = [_row(chance, seed, number) for number in range(chance.randint(1, 25))]
    lines = [_written(row, style) for row in rows]
    for _ in range(chance.randint(1, 4)):
        chance.choice(OF_LINES)(chance, rows, lines, style)
    header = _written(list(COLUMNS), style) + style.end
    body = style.end.join(lines) + (style.end if chance.random() < 0.8 else "")
    head = header.encode(style.encoding)
    data = body.encode(style.encoding, errors="replace")
    if style.encoding in ("utf-16", "utf-8-sig"):  # the mark stands at the beginning only
        data = body.encode({"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}[style.encoding])
    for _ in range(chance.choice((0, 0, 1, 2))):
        data = chance.choice(OF_BYTES)(chance, data)
    return head + data


def _row(chance: random.Random, seed: int, number: int) -> list[str]:
    return [
        f"f{seed}-{number}",
        f"o{seed}-{number // 3}",
        chance.choice(["", "ann", "José", "Zoë", f"c{chance.randint(1, 9)}"]),
        chance.choice(["tea", "milk, cold", 'the "best"', "a b"]),
        f"2024-0{chance.randint(1, 5)}-{chance.randint(1, 28):02} {chance.randint(0, 23):02}:00:00",
        str(chance.randint(1, 9)),
        f"{chance.randint(-500, 99999) / 100:.2f}",
    ]


def _written(row: list[str], style: Style) -> str:
    """A record as a careful program writes it."""
    fields = [*row[:5], *(value.replace(".", style.decimal) if value[-1:].isdigit() else value for value in row[5:])]
    special = (style.delimiter, '"', "\n", "\r")
    return style.delimiter.join(
        _quoted(value, style) if style.quotes_all or any(mark in value for mark in special) else value
        for value in fields
    )


def _quoted(value: str, style: Style) -> str:
    if style.escape == "\\":
        value = value.replace("\\", "\\\\")
    return '"' + value.replace('"', style.escape + '"') + '"'


def _change(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style, column: int, value: str) -> None:
    at = chance.randrange(len(rows))
    changed = [*rows[at][:column], value, *rows[at][column + 1 :]]
    lines[at % len(lines)] = _written(changed, style)


def _bad_amount(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    _change(chance, rows, lines, style, chance.choice((5, 6)), chance.choice(AMOUNTS))


def _bad_day(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    _change(chance, rows, lines, style, 4, chance.choice(DAYS))


def _odd_text(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    _change(chance, rows, lines, style, chance.randrange(len(COLUMNS)), chance.choice(TEXTS))


def _lines_inside(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    value = chance.choice(("two\nlines", "\n", "a\r\nb\nc\rd", 'x"\n"y', "1,2,3,4,5,6,7\n1,2,3,4,5,6,7\n1,2,3,4,5,6,7"))
    _change(chance, rows, lines, style, chance.choice((2, 3)), value)


def _ragged(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    at = chance.randrange(len(lines))
    fields = lines[at].split(style.delimiter)
    del rows
    if chance.random() < 0.5:
        fields.insert(chance.randrange(len(fields) + 1), chance.choice(("", "x", '"', '""', '"y"')))
    else:
        del fields[chance.randrange(len(fields)) :]
    lines[at] = style.delimiter.join(fields)


def _stray_quote(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    del rows
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(lines))
        if chance.random() < 0.5:
            fields = lines[at].split(style.delimiter)
            field = chance.randrange(len(fields))
            fields[field] = '"' + fields[field]
            lines[at] = style.delimiter.join(fields)
        else:
            place = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + '"' * chance.randint(1, 3) + lines[at][place:]


def _repeat(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    at = chance.randrange(len(rows))
    row = list(rows[at])
    if chance.random() < 0.5:
        row[6] = "77.77"
    lines.insert(chance.randrange(len(lines) + 1), _written(row, style))


def _odd_lines(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    odd = chance.choice(("", "   ", style.delimiter * 6, _written(list(COLUMNS), style), "-" * 30, "# total"))
    lines.insert(chance.randrange(len(lines) + 1), odd)
    del rows


def _shuffle(chance: random.Random, rows: list[list[str]], lines: Lines, style: Style) -> None:
    del rows, style
    chance.shuffle(lines)


OF_LINES: tuple[Callable[[random.Random, list[list[str]], Lines, Style], None], ...] = (
    *(2 * (_bad_amount, _bad_day, _odd_text, _lines_inside, _ragged, _stray_quote, _repeat)),
    _odd_lines,
    _shuffle,
)


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(BYTES) + data[at:]


def _overwrite(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _delete(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.randint(1, 30) :]


def _zeros(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + bytes(chance.randint(1, 400))


OF_BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (_cut, _insert, _insert, _overwrite, _delete, _zeros)
