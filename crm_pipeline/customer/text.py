"""The customer page in the terminal: the same sentences and tables, without charts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crm_pipeline.report.blocks import Block, Chapter


def print_chapters(console: Console, heading: str, intro: Sequence[str], chapters: Sequence[Chapter]) -> None:
    """Write all chapters; what users wrote is never taken for markup."""
    console.print(Text(heading, style="bold"))
    for line in intro:
        console.print(Text(line, style="dim"))
    for chapter in chapters:
        console.print()
        console.print(Text(chapter.title, style="bold underline"))
        for block in chapter.blocks:
            _print_block(console, block, is_only=len(chapter.blocks) == 1)


def _print_block(console: Console, block: Block, *, is_only: bool) -> None:
    if not is_only:
        console.print(Text(block.title, style="bold"))
    for said in block.says:
        console.print(Padding(Text(said.striptags()), (0, 0, 0, 2)))
    if block.tiles:
        grid = Table.grid(padding=(0, 2))
        for tile in block.tiles:
            grid.add_row(*(Text(part) for part in (tile.title, tile.number.striptags(), tile.note.striptags())))
        console.print(Padding(grid, (0, 0, 0, 2)))
    if block.rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name, is_number in block.head:
            table.add_column(Text(name), justify="right" if is_number else "left")
        for row in block.rows:
            table.add_row(*(Text(cell.striptags()) for cell in row))
        console.print(Padding(table, (0, 0, 0, 2)))
