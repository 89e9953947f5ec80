"""Small charts as inline SVG: they take the page's colours, light or dark, and need nothing from outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, EDGE = 160, 36, 3


def sparkline(values: Sequence[float | None], words: str, *, zero: bool = True) -> str:
    """A line over equally spaced ``values`` (None is a gap) that says in ``words`` what it shows.

    The axis begins at zero, or with ``zero=False`` at the smallest value. Empty text when nothing is known.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return ""
    low, high = (min(0.0, *known) if zero else min(known)), max(known)
    reach = (high - low) or 1.0
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    strokes: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None or not math.isfinite(value):
            strokes.append([])
            continue
        x, y = EDGE + index * step, HEIGHT - EDGE - (value - low) / reach * (HEIGHT - 2 * EDGE)
        strokes[-1].append(f"{x:.1f},{y:.1f}")
    lines = "".join(f'<polyline points="{" ".join(stroke)}"/>' for stroke in strokes if len(stroke) > 1)
    newest = next(stroke[-1] for stroke in reversed(strokes) if stroke).split(",")
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(words)}"><title>{escape(words)}</title>{lines}'
        f'<circle cx="{newest[0]}" cy="{newest[1]}" r="2.5"/></svg>'
    )
