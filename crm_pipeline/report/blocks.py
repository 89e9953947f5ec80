"""What a page is made of: blocks with a title, sentences, and a chart or a table of one query's cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.report.cells import Cell, Kind, Reader, Result
from crm_pipeline.report.wording import Wording

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Tile:
    """One large number, and how it changed."""

    title: str
    number: Markup
    note: Markup


@dataclass(frozen=True)
class Block:
    """One thing to look at. ``query`` names where its numbers come from; ``legend`` pairs a series' number and name."""

    query: str
    title: str
    says: tuple[Markup, ...] = ()
    svg: Markup | None = None
    legend: tuple[tuple[int, str], ...] = ()
    head: tuple[tuple[str, bool], ...] = ()
    rows: tuple[tuple[Markup, ...], ...] = ()
    tiles: tuple[Tile, ...] = ()
    points: int = 0


@dataclass(frozen=True)
class Chapter:
    """A part of the page."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Desk:
    """What a chapter is written with: the numbers, the words."""

    read: Reader
    words: Wording

    def nothing(self, query: str, title: str, why: str = "nothing_yet") -> Block:
        """The block of what has no rows; ``why`` names the sentence that says so."""
        return Block(query, self.words(title), (self.words.say(why),))

    def figure(
        self,
        query: str,
        title: str,
        says: Sequence[Markup],
        draw: Callable[[str, str], str],
        legend: Sequence[str] = (),
        points: int = 0,
    ) -> Block:
        """A chart; ``draw`` takes the name for its ids and the words that it is read out with."""
        from markupsafe import Markup

        heard = f"{self.words(title)}. " + " ".join(Markup(text).striptags() for text in says)
        return Block(
            query,
            self.words(title),
            tuple(says),
            Markup(draw(f"chart-{title}", heard)),
            tuple((number, self.words(key)) for number, key in enumerate(legend, 1)),
            points=points or len(self.read[query].rows),
        )

    def table(
        self,
        query: str,
        title: str,
        says: Sequence[Markup],
        columns: Sequence[tuple[str, str, Kind]],
        names: dict[str, Callable[[Result, int], str]] | None = None,
    ) -> Block:
        """A table of (column, key of its heading, kind), an interval being `lower..upper`.

        ``names`` writes the text of columns that hold codes.
        """
        result = self.read[query]

        def written(row: int, name: str, kind: Kind) -> Markup:
            if names and name in names:
                return self.named(result.cell(row, name, kind), names[name](result, row))
            ends = [result.cell(row, end, kind) for end in name.split("..")]
            if len(ends) == 1:
                return self.words.html(ends[0])
            return self.words.say("interval", lower=ends[0], upper=ends[1])

        rows = tuple(tuple(written(row, name, kind) for name, _, kind in columns) for row in result.indices())
        head = tuple((self.words(key), kind != "text") for _, key, kind in columns)
        return Block(query, self.words(title), tuple(says), head=head, rows=rows)

    def named(self, cell: Cell, text: str) -> Markup:
        """A code shown by its name; the code stays in the attributes."""
        return self.words.html(cell, text)

    def code(self, family: str) -> Callable[[Result, int], str]:
        """Names of codes in a column called like the family."""
        return lambda result, row: self.words.name(family, result.cell(row, family).value)
