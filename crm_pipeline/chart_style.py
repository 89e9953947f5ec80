"""What all charts share: the house style, the rendering to bytes, and the reading of numbers and labels."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ImageFormat = Literal["png", "svg"]
Numbers = Iterable[SupportsFloat | None]

# From Okabe and Ito, "Color Universal Design" (2008): told apart with any kind of colour vision.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", ":")
LONGEST_LABEL = 30

WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 6.0, 3.4, 100
PNG_COLOURS = 96
REFERENCE: dict[str, Any] = {"color": "#555555", "linewidth": 1.0, "linestyle": "--"}
_STYLE = {
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 9,
    "legend.frameon": False,
    "svg.hashsalt": "crm_pipeline",  # else the ids inside an SVG are random
    "text.parse_math": False,  # a dollar sign is a currency, not the start of a formula
}


def render(title: str, draw: Callable[[Axes], None] | None, image: ImageFormat, height: float = HEIGHT_INCHES) -> bytes:
    """The bytes of one chart; `draw` fills the axes, None writes "no data" instead. `height` is in inches.

    The house style holds whatever the user's own settings are. `pyplot` would keep the figures alive and look for a
    screen.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(_STYLE, after_reset=True):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DOTS_PER_INCH, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title, wrap=True)
        if draw is None:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "no data", ha="center", va="center", size=14, color="#555555", transform=axes.transAxes)
        else:
            draw(axes)
        buffer = io.BytesIO()
        # Otherwise the program's version and the time would be written into the image.
        unstamped: dict[str, Any] = {"Software": None} if image == "png" else {"Creator": None, "Date": None}
        figure.savefig(buffer, format=image, metadata=unstamped)
    return _with_palette(buffer) if image == "png" else buffer.getvalue()


def _with_palette(png: io.BytesIO) -> bytes:
    """The same picture in a third of the bytes, which matters where every run stores some."""
    from PIL import Image

    picture = Image.open(png).convert("RGB").quantize(PNG_COLOURS, dither=Image.Dither.NONE)
    smaller = io.BytesIO()
    picture.save(smaller, format="png", optimize=True)
    return smaller.getvalue()


def numbers(values: Numbers, name: str) -> list[float]:
    """Floats, NaN where a value is missing or infinite; a ValueError with the `name` for what is not a number."""
    try:
        floats = [math.nan if value is None else float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, or None where missing: {error}") from error
    return [value if math.isfinite(value) else math.nan for value in floats]


def require_same_length(columns: Mapping[str, Sequence[Any]]) -> None:
    """Raise a ValueError that states the lengths when they differ."""
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"lengths differ: {', '.join(f'{name} {len(column)}' for name, column in columns.items())}")


def any_known(values: Iterable[float]) -> bool:
    """Whether there is anything to draw."""
    return not all(map(math.isnan, values))


def shorten(label: str) -> str:
    """A label that leaves room for the chart."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def label_axes(axes: Axes, x_label: str, y_label: str) -> None:
    """Name both axes, and draw faint lines to read the values from."""
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(axis="y", alpha=0.3)
