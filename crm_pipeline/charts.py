"""Charts for Dagster metadata and reports: the same numbers give the same bytes.

Every function returns an image 600 pixels wide, as PNG or (`image="svg"`) as SVG encoded in UTF-8. Numbers may be
floats or decimals; None, NaN and infinities count as missing. With nothing to draw the chart says "no data". Series
differ in colour and in line style.

Matplotlib is imported when the first chart is drawn, since this module is imported with the definitions.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_pipeline.chart_style import (
    HEIGHT_INCHES,
    LINE_STYLES,
    PALETTE,
    REFERENCE,
    ImageFormat,
    Numbers,
    any_known,
    label_axes,
    numbers,
    render,
    require_same_length,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_BARS = 30
MAX_ANNOTATED_CELLS = 150


def bar_chart(
    labels: Sequence[str],
    values: Numbers,
    title: str,
    value_label: str,
    *,
    lower: Numbers | None = None,
    upper: Numbers | None = None,
    image: ImageFormat = "png",
) -> bytes:
    """Horizontal bars, the first on top; only the first 30 are drawn, and the title says so when there are more.

    `value_label` names the value with its unit ("spend, EUR"). `lower` and `upper` are the ends of an interval per bar.
    """
    heights = numbers(values, "values")
    require_same_length({"labels": labels, "values": heights})
    ends = None if lower is None or upper is None else (numbers(lower, "lower"), numbers(upper, "upper"))
    if ends is not None:
        require_same_length({"values": heights, "lower": ends[0], "upper": ends[1]})
    shown = range(min(len(heights), MAX_BARS))
    if len(heights) > MAX_BARS:
        title = f"{title} (first {MAX_BARS} of {len(heights)})"

    def draw(axes: Axes) -> None:
        axes.barh(shown, [heights[i] for i in shown], color=PALETTE[0])
        if ends is not None:
            axes.hlines(shown, [ends[0][i] for i in shown], [ends[1][i] for i in shown], color=PALETTE[-1])
        axes.set_yticks(shown, [shorten(labels[i]) for i in shown])
        axes.invert_yaxis()
        axes.set_xlabel(value_label)
        axes.grid(axis="x", alpha=0.3)

    return render(
        title, draw if any_known(heights[:MAX_BARS]) else None, image, max(HEIGHT_INCHES, 0.22 * len(shown) + 1)
    )


def line_chart(
    x: Sequence[Any],
    series: Mapping[str, Numbers],
    title: str,
    x_label: str,
    y_label: str,
    *,
    bands: Mapping[str, tuple[Numbers, Numbers]] | None = None,
    image: ImageFormat = "png",
) -> bytes:
    """One line per series over shared `x` (numbers, dates or words in order); a missing value is a gap.

    `bands` gives the lower and upper ends of an interval for any of the series.
    """
    lines = {name: numbers(values, name) for name, values in series.items()}
    if unknown := sorted((bands or {}).keys() - lines.keys()):
        raise ValueError(f"bands for series that are not drawn: {', '.join(unknown)}")
    areas = {name: (numbers(low, name), numbers(high, name)) for name, (low, high) in (bands or {}).items()}
    for name, values in lines.items():
        low, high = areas.get(name, (values, values))
        require_same_length({"x": x, f"series {name!r}": values, "lower": low, "upper": high})
    if len(lines) > len(PALETTE) * len(LINE_STYLES):
        raise ValueError(f"{len(lines)} series are more than a reader can tell apart; draw fewer")

    def draw(axes: Axes) -> None:
        for position, (name, values) in enumerate(lines.items()):
            colour, style = PALETTE[position % len(PALETTE)], LINE_STYLES[position // len(PALETTE)]
            axes.plot(list(x), values, style, color=colour, label=shorten(name), marker="o", markersize=3)
            if name in areas:
                axes.fill_between(list(x), *areas[name], color=colour, alpha=0.15, linewidth=0)
        label_axes(axes, x_label, y_label)
        if hasattr(next(iter(x)), "year"):
            axes.tick_params(axis="x", rotation=30)
        if len(lines) > 1:
            axes.legend()

    return render(title, draw if any(any_known(values) for values in lines.values()) else None, image)


def lift_chart(
    deciles: Numbers, title: str = "Lift", *, baseline: Numbers | None = None, image: ImageFormat = "png"
) -> bytes:
    """Lift per tenth of the customers (10 values, highest score first; 1 is the average), a baseline's beside it."""
    lines = {"model": numbers(deciles, "deciles")}
    if baseline is not None:
        lines["baseline"] = numbers(baseline, "baseline")
    for name, values in lines.items():
        if len(values) not in (0, 10):
            raise ValueError(f"lift of the {name}: 10 values are needed, one per tenth, not {len(values)}")

    def draw(axes: Axes) -> None:
        tenths = range(1, 11)
        axes.bar(tenths, lines["model"], color=PALETTE[0], label="model")
        if lines.get("baseline"):
            axes.plot(tenths, lines["baseline"], "D", color=PALETTE[1], markeredgecolor="black", label="baseline")
        axes.axhline(1, **REFERENCE, label="average")
        axes.set_xticks(tenths)
        label_axes(axes, "tenth of the customers, highest score first", "lift, times the average")
        axes.legend()

    return render(title, draw if any_known(lines["model"]) else None, image)


def calibration_chart(
    predicted: Numbers,
    observed: Numbers,
    title: str = "Calibration",
    *,
    counts: Numbers | None = None,
    image: ImageFormat = "png",
) -> bytes:
    """Mean predicted probability against observed share per bin, both 0..1; `counts` sets the area of the points."""
    points = {"predicted": numbers(predicted, "predicted"), "observed": numbers(observed, "observed")}
    for name, values in points.items():
        if not all(0 <= value <= 1 for value in values if not math.isnan(value)):
            raise ValueError(f"{name} must lie between 0 and 1")
    sizes = [1.0] * len(points["predicted"]) if counts is None else numbers(counts, "counts")
    require_same_length(points | {"counts": sizes})
    drawn = [p for p in zip(*points.values(), sizes, strict=True) if not any(map(math.isnan, p))]

    def draw(axes: Axes) -> None:
        reach = 1.05 * max(max(p[:2]) for p in drawn) or 1.0
        largest = max(p[2] for p in drawn) or 1.0
        axes.plot([0, reach], [0, reach], **REFERENCE, label="perfect")
        axes.plot([p[0] for p in drawn], [p[1] for p in drawn], color=PALETTE[0], linewidth=1)
        axes.scatter(
            [p[0] for p in drawn], [p[1] for p in drawn], s=[10 + 50 * p[2] / largest for p in drawn], color=PALETTE[0]
        )
        label_axes(axes, "predicted probability", "observed share")
        axes.legend()

    return render(title, draw if drawn else None, image)


def heat_map(
    matrix: Sequence[Numbers],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    title: str,
    value_label: str,
    *,
    center: float | None = None,
    image: ImageFormat = "png",
) -> bytes:
    """Colour per cell, with its number where they fit; around `center` (0 for correlations) the scale is two-sided."""
    rows = [numbers(row, "matrix") for row in matrix]
    require_same_length({"matrix": rows, "row_labels": row_labels})
    for row in rows:
        require_same_length({"row": row, "column_labels": column_labels})
    finite = [value for row in rows for value in row if not math.isnan(value)]

    def draw(axes: Axes) -> None:
        low, high = min(finite), max(finite)
        if center is not None:
            reach = max(high - center, center - low) or 1.0
            low, high = center - reach, center + reach
        mesh = axes.imshow(rows, cmap="cividis" if center is None else "PuOr", vmin=low, vmax=high, aspect="auto")
        for i, j in itertools.product(range(len(rows)), range(len(column_labels))):
            if len(rows) * len(column_labels) <= MAX_ANNOTATED_CELLS and not math.isnan(rows[i][j]):
                share = (rows[i][j] - low) / (high - low or 1.0)
                is_dark = share < 0.5 if center is None else abs(share - 0.5) > 0.3
                axes.text(
                    j, i, f"{rows[i][j]:.2g}", ha="center", va="center", color="white" if is_dark else "black", size=8
                )
        axes.set_xticks(range(len(column_labels)), [shorten(label) for label in column_labels], rotation=30, ha="right")
        axes.set_yticks(range(len(rows)), [shorten(label) for label in row_labels])
        axes.figure.colorbar(mesh, ax=axes, label=value_label)

    return render(title, draw if finite else None, image, max(HEIGHT_INCHES, 0.28 * len(rows) + 1.4))


def as_markdown(png: bytes, alt: str) -> str:
    """The image inside Markdown text, for `MetadataValue.md`; `alt` says in words what it shows."""
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("as_markdown takes a PNG image; draw the chart with image='png'")
    words = alt.replace("[", "(").replace("]", ")").replace("\n", " ")
    return f"![{words}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"
