"""Reads a page back: its numbers with their homes, the queries that it shows, and what it would fetch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any


@dataclass(frozen=True)
class Shown:
    """One number of a page: the exact value, and the cell that it says it comes from."""

    value: str
    query: str
    row: int
    column: str
    text: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[Shown] = []
        self.queries: dict[str, str] = {}
        self._open: tuple[str, dict[str, str | None]] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (tag == "data" and "data-query" in given) or (tag == "pre" and "data-sql" in given):
            self._open, self._text = (tag, given), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if self._open is None or tag != self._open[0]:
            return
        given = self._open[1]
        if tag == "pre":
            self.queries[str(given["data-sql"])] = self._text
        else:
            self.numbers.append(
                Shown(
                    str(given["value"]),
                    str(given["data-query"]),
                    int(str(given["data-row"])),
                    str(given["data-column"]),
                    self._text,
                )
            )
        self._open = None


def read_back(page: str) -> tuple[list[Shown], dict[str, str]]:
    """Numbers and queries of a page."""
    reader = _Reader()
    reader.feed(page)
    return reader.numbers, reader.queries


def wrong_numbers(page: str, connection: Any) -> list[str]:
    """Numbers that differ from what the page's own queries find; the queries run as a reader would copy them."""
    from crm_pipeline.report.cells import plain

    numbers, queries = read_back(page)
    assert len(numbers) > 5 and queries
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in {shown.query for shown in numbers}:
        result = connection.execute(queries[name])
        names = [column[0] for column in result.description]
        rows[name] = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [
        f"{shown} is {plain(rows[shown.query][shown.row][shown.column])}"
        for shown in numbers
        if plain(rows[shown.query][shown.row][shown.column]) != shown.value
    ]


def outside(page: str) -> list[str]:
    """What a page would fetch from elsewhere."""
    return re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"|url\((?!#)|@import|https?:|<script|<link", unescape(page))
