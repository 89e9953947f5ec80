"""A drawing by Matplotlib as inline SVG in the page's own colours and fonts.

Its colours are replaced by the page's CSS variables and its text stays text, so that the reader's fonts write it in any
script. Margins are computed from the labels' lengths, not from the metrics of a font that may lack their script; that
also makes a chart several times faster than a layout engine would.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Set
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, FONT = 340.0, 200.0, 11.0
"""In points; drawn at about this size on a telephone, half as large again on a desk."""
INK, SOFT, LINE = "#1b1f24", "#57606a", "#d0d7de"
SERIES = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
"""Okabe and Ito, as in `chart_style`; the page's style sheet has their equals for dark screens."""
_VARIABLES = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)"} | {
    colour: f"var(--s{number})" for number, colour in enumerate(SERIES, 1)
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "crm_pipeline",
    "text.parse_math": False,
    "font.size": FONT,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.labelsize": FONT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
}
LONGEST = 24
_TAG = r"<[^>]*>"
_REFERENCE = r"(?:xlink:href=\"#|url\(#)([\w.-]+)"


@dataclass(frozen=True)
class Margins:
    """Room around the axes, in points."""

    left: float
    right: float = 10.0
    top: float = 18.0
    bottom: float = 34.0


def draw(name: str, words: str, fill: Callable[[Axes], None], margins: Margins, height: float = HEIGHT) -> str:
    """One chart as an `<svg>` element that says in ``words`` what it shows; ``name`` makes its ids its own."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+")  # the reader's font has it
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        box = (
            margins.left / WIDTH,
            margins.bottom / height,
            (WIDTH - margins.left - margins.right) / WIDTH,
            (height - margins.bottom - margins.top) / height,
        )
        axes = figure.add_axes(box)
        fill(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Creator": None, "Date": None, "Format": None, "Type": None})
    return _as_inline(buffer.getvalue(), name, words, height)


def _as_inline(svg: str, name: str, words: str, height: float) -> str:
    """The drawing without its file's head, in the page's colours, with ids of its own and a spoken title."""
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r"(?s)<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|\n\s*", " ", body)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    used = {found for tag in re.findall(_TAG, body) for found in re.findall(_REFERENCE, tag)}
    body = re.sub(_TAG, lambda tag: _inline_tag(tag[0], name, used), body)  # text may hold anything, and stays
    body = re.sub(r"> +<", "><", body)
    spoken = escape(words)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{spoken}">'
        f"<title>{spoken}</title>{body}</svg>"
    )


def _inline_tag(tag: str, name: str, used: Set[str]) -> str:
    """One tag in the page's colours and fonts, with short coordinates, and an id of the chart's own if it is used."""
    tag = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    tag = re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", tag)
    tag = re.sub(r" id=\"([\w.-]+)\"", lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", tag)
    tag = re.sub(r"(xlink:href=\"#|url\(#)", rf"\g<1>{name}-", tag).replace("xlink:href", "href")
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(colour, variable)
    return tag


def text_width(text: str, size: float = FONT) -> float:
    """About how wide a text is in points: East Asian characters are square."""
    return size * sum(1.0 if east_asian_width(letter) in "WF" else 0.56 for letter in text)


def fitting(text: str, room: float = WIDTH - 6) -> float:
    """The size in which a text has at most so many points: longer names of axes are written smaller."""
    return min(FONT, FONT * room / max(text_width(text), 1.0))


def shorten(text: str, longest: int = LONGEST) -> str:
    """A label that leaves room for the chart, measured in half-width characters."""
    wide = [2 if east_asian_width(letter) in "WF" else 1 for letter in text]
    if sum(wide) <= longest:
        return text
    kept = 0
    while sum(wide[: kept + 1]) < longest:
        kept += 1
    return text[:kept] + "…"
