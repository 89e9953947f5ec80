"""Charts as inline SVG for pages: the page's own colours and fonts, light and dark, nothing from outside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from crm_pipeline.report.svg_drawing import FONT, INK, SERIES, SOFT, WIDTH, Margins, draw, fitting, shorten, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = ("-", "--", ":", "-.")
MOST_TICKS, MOST_FULL_DATES = 5, 3
MOST_DIGITS = 6
"""That a tick may need beyond the usual ones to differ from the next."""


class Shown(Protocol):
    """How a chart writes a value; ``digits`` asks for so many more than usual."""

    def __call__(self, value: float, digits: int = 0, /) -> str: ...


def bars(
    name: str,
    words: str,
    labels: Sequence[str],
    values: Sequence[float],
    axis: str,
    shown: Shown,
) -> str:
    """Horizontal bars, the first on top, each with its value as ``shown``; ``axis`` names the value with its unit."""
    short = [shorten(label) for label in labels]
    texts = [shown(value) for value in values]
    left = max(map(text_width, short)) + 8
    room = max(map(text_width, texts)) + 8
    height = 17.0 * len(short) + 42

    def fill(axes: Axes) -> None:
        places = range(len(short))
        axes.barh(places, list(values), color=SERIES[0], height=0.68)
        for place, value, text in zip(places, values, texts, strict=True):
            axes.annotate(
                text, (max(value, 0), place), (4, 0), textcoords="offset points", va="center", ha="left", color=INK
            )
        axes.set_yticks(places, short)
        axes.set_ylim(len(short) - 0.4, -0.6)
        low, high = min(0.0, *values), max(0.0, *values) or 1.0
        axes.set_xlim(low, low + (high - low) * (WIDTH - left - 10) / max(WIDTH - left - 10 - room, 40))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(axis, loc="left", fontsize=FONT, color=SOFT, x=-left / (WIDTH - left - 10), pad=4)

    return draw(name, words, fill, Margins(left, bottom=6.0), height)


def lines(
    name: str,
    words: str,
    x: Sequence[Any],
    series: Mapping[str, Sequence[float | None]],
    x_axis: str,
    y_axis: str,
    shown: Shown,
    *,
    bands: Mapping[str, tuple[Sequence[float | None], Sequence[float | None]]] | None = None,
    from_zero: bool = False,
) -> str:
    """One line per series over dates or numbers, with intervals as areas where ``bands`` has them."""

    def fill(axes: Axes) -> None:
        places = list(range(len(x))) if isinstance(x[0], date) else list(x)
        for number, (key, values) in enumerate(series.items()):
            colour = SERIES[number % len(SERIES)]
            known = [math.nan if value is None else float(value) for value in values]
            marker = "o" if len(places) <= 30 else ""
            axes.plot(places, known, DASHES[number % 4], color=colour, marker=marker, markersize=3, linewidth=1.6)
            if bands and key in bands:
                low, high = ([math.nan if v is None else float(v) for v in side] for side in bands[key])
                axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)
        if from_zero:
            axes.set_ylim(bottom=0)
        axes.margins(x=0.03)
        _name_axes(axes, x_axis, y_axis, shown)
        if isinstance(x[0], date):
            _date_ticks(axes, x)

    return draw(name, words, fill, Margins(48.0, 26.0 if isinstance(x[0], date) else 10.0))


def columns(
    name: str,
    words: str,
    x: Sequence[Any],
    series: Mapping[str, Sequence[float]],
    x_axis: str,
    y_axis: str,
    shown: Shown,
    *,
    marks: Mapping[str, Sequence[float]] | None = None,
) -> str:
    """Upright bars side by side per place on the x axis; ``marks`` are drawn as diamonds over them."""

    def fill(axes: Axes) -> None:
        width = 0.8 / len(series)
        for number, values in enumerate(series.values()):
            offset = (number - (len(series) - 1) / 2) * width
            axes.bar([i + offset for i in range(len(x))], list(values), width, color=SERIES[number])
        for number, values in enumerate((marks or {}).values(), len(series)):
            axes.plot(range(len(x)), list(values), "D", color=SERIES[number], markersize=4, markeredgecolor=INK)
        axes.set_xticks(range(len(x)), [str(item) for item in x])
        _name_axes(axes, x_axis, y_axis, shown)

    return draw(name, words, fill, Margins(48.0))


def heat_map(
    name: str,
    words: str,
    rows: Sequence[str],
    names: Sequence[str],
    values: Mapping[tuple[int, int], float],
    row_axis: str,
    column_axis: str,
    shown: Shown,
) -> str:
    """Cells of (row, column) with their numbers: the more, the stronger the colour, on light and dark alike."""
    from matplotlib.patches import Rectangle

    row_labels, labels = [shorten(item, 20) for item in rows], [shorten(item, 14) for item in names]
    left = max(map(text_width, row_labels)) + 8
    longest = max(map(text_width, labels))
    is_slanted = longest > (WIDTH - left - 10) / len(labels)
    top = 22 + (longest * 0.72 + 6 if is_slanted else 10)
    right = min(longest * 0.7, 40.0) if is_slanted else 6.0
    height = top + 17.0 * len(rows) + 6
    most = max([abs(value) for value in values.values()] or [0.0]) or 1.0
    size = FONT if len(names) <= 8 else 8.5

    def fill(axes: Axes) -> None:
        for (row, column), value in values.items():
            strength = 0.04 + 0.5 * abs(value) / most
            axes.add_patch(Rectangle((column, row), 0.96, 0.94, facecolor=SERIES[0], alpha=strength, linewidth=0))
            axes.text(column + 0.48, row + 0.5, shown(value), ha="center", va="center", fontsize=size)
        axes.set_xlim(0, len(names))
        axes.set_ylim(len(rows), 0)
        axes.set_yticks([i + 0.5 for i in range(len(rows))], row_labels)
        angle: dict[str, Any] = {"rotation": 45, "ha": "left", "rotation_mode": "anchor"} if is_slanted else {}
        axes.set_xticks([i + 0.5 for i in range(len(names))], labels, **angle)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        named = f"{row_axis} ↓  {column_axis} →"
        axes.figure.text(2 / WIDTH, 1 - 10 / height, named, fontsize=fitting(named), color=SOFT)

    return draw(name, words, fill, Margins(left, right, top, 6.0), height)


def _name_axes(axes: Axes, x_axis: str, y_axis: str, shown: Shown) -> None:
    """The y axis is named above it, where it needs no turning of the head."""
    axes.set_xlabel(x_axis, fontsize=fitting(x_axis, axes.get_position().width * WIDTH))
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(_ticks())
    axes.yaxis.set_major_formatter(_formatter(shown))
    inner = axes.get_position().width * WIDTH
    axes.set_title(y_axis, loc="left", fontsize=fitting(y_axis), color=SOFT, x=-40 / inner, pad=5)


def _ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5)


def _formatter(shown: Shown) -> Any:
    from matplotlib.ticker import Formatter

    class Ticks(Formatter):
        def __call__(self, value: float, pos: int | None = None) -> str:
            return shown(value)

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return tick_labels(values, shown)

    return Ticks()


def tick_labels(values: Sequence[float], shown: Shown) -> list[str]:
    """The labels of different values, with as many digits as they need to differ."""
    labels = [shown(value) for value in values]
    for digits in range(1, MOST_DIGITS + 1):
        if len(set(labels)) == len(labels):
            break
        labels = [shown(value, digits) for value in values]
    return labels


def _date_ticks(axes: Axes, days: Sequence[date]) -> None:
    """A few dates, the newest among them; as months where each has its own."""
    is_monthly = len({(day.year, day.month) for day in days}) == len(days)
    step = -(-len(days) // (MOST_TICKS if is_monthly else MOST_FULL_DATES))
    places = sorted(range(len(days) - 1, -1, -step))
    axes.set_xticks(places, [days[i].strftime("%Y-%m" if is_monthly else "%Y-%m-%d") for i in places])
