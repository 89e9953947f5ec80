"""The customer page in the terminal: the same sentences and tables, without charts."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crm_pipeline.report.blocks import Block, Chapter

_TURNS_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What makes a terminal show a text in another order than it is written in."""


def harmless(text: str) -> str:
    """A text without the control characters that a terminal would obey: names come from sources. Breaks are blanks."""
    plain = " ".join(text.replace("\t", " ").splitlines())
    return "".join(letter for letter in plain if category(letter) != "Cc" and letter not in _TURNS_AROUND)


def _text(text: str, style: str = "") -> Text:
    return Text(harmless(text), style=style)


def print_chapters(console: Console, heading: str, intro: Sequence[str], chapters: Sequence[Chapter]) -> None:
    """Write all chapters; what users wrote is never taken for markup, nor obeyed by the terminal."""
    console.print(_text(heading, style="bold"))
    for line in intro:
        console.print(_text(line, style="dim"))
    for chapter in chapters:
        console.print()
        console.print(_text(chapter.title, style="bold underline"))
        for block in chapter.blocks:
            _print_block(console, block, is_only=len(chapter.blocks) == 1)


def _print_block(console: Console, block: Block, *, is_only: bool) -> None:
    if not is_only:
        console.print(_text(block.title, style="bold"))
    for said in block.says:
        console.print(Padding(_text(said.striptags()), (0, 0, 0, 2)))
    if block.tiles:
        grid = Table.grid(padding=(0, 2))
        for tile in block.tiles:
            grid.add_row(*(_text(part) for part in (tile.title, tile.number.striptags(), tile.note.striptags())))
        console.print(Padding(grid, (0, 0, 0, 2)))
    if block.rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name, is_number in block.head:
            table.add_column(_text(name), justify="right" if is_number else "left")
        for row in block.rows:
            table.add_row(*(_text(cell.striptags()) for cell in row))
        console.print(Padding(table, (0, 0, 0, 2)))
