import base64
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crm_pipeline import charts
from crm_pipeline.chart_style import ImageFormat

SNAPSHOTS = [date(2017, 10, 2), date(2017, 11, 2), date(2017, 12, 2)]
LIFT = [3.6, 2.1, 1.4, 1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.1]

Draw = Callable[[ImageFormat], bytes]

DRAWN: dict[str, Draw] = {
    "bar": lambda image: charts.bar_chart(
        ["ada", "bob"], [Decimal("1.50"), None], "Spend", "EUR", lower=[1, None], upper=[2, None], image=image
    ),
    "line": lambda image: charts.line_chart(
        SNAPSHOTS,
        {"model": [0.8, None, 0.9], "baseline": [0.7, 0.7, 0.7]},
        "AUC",
        "snapshot",
        "AUC",
        bands={"model": ([0.7, None, 0.8], [0.9, None, 1.0])},
        image=image,
    ),
    "lift": lambda image: charts.lift_chart(LIFT, baseline=LIFT[::-1], image=image),
    "calibration": lambda image: charts.calibration_chart([0.1, 0.6], [0.2, 0.5], counts=[9, 1], image=image),
    "heat map": lambda image: charts.heat_map(
        [[1.0, -0.5], [-0.5, None]], ["r", "f"], ["r", "f"], "Correlation", "r", center=0, image=image
    ),
}

EMPTY: dict[str, Draw] = {
    "bar": lambda image: charts.bar_chart([], [], "Spend", "EUR", image=image),
    "bar, all missing": lambda image: charts.bar_chart(["ada"], [None], "Spend", "EUR", image=image),
    "line, no series": lambda image: charts.line_chart([], {}, "AUC", "snapshot", "AUC", image=image),
    "line, no points": lambda image: charts.line_chart([], {"model": []}, "AUC", "snapshot", "AUC", image=image),
    "lift": lambda image: charts.lift_chart([], image=image),
    "calibration": lambda image: charts.calibration_chart([None], [0.5], image=image),
    "heat map": lambda image: charts.heat_map([], [], [], "Correlation", "r", image=image),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_png_is_600_pixels_wide_small_and_the_same_each_time(draw: Draw) -> None:
    png = draw("png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert Image.open(BytesIO(png)).width == 600
    assert len(charts.as_markdown(png, "a chart")) < 40_000
    assert draw("png") == png


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_svg_is_the_same_each_time_and_has_no_date(draw: Draw) -> None:
    svg = draw("svg")
    assert b"<svg" in svg and b"dc:date" not in svg and b"<!-- no data -->" not in svg
    assert draw("svg") == svg


@pytest.mark.parametrize("draw", EMPTY.values(), ids=EMPTY)
def test_nothing_to_draw_says_no_data(draw: Draw) -> None:
    assert b"<!-- no data -->" in draw("svg")


@settings(max_examples=15)
@given(
    values=st.lists(
        st.none() | st.floats(-1e12, 1e12) | st.sampled_from([float("nan"), float("inf"), 0.0, 1e-300]), max_size=5
    )
)
def test_any_numbers_give_a_chart(values: list[float | None]) -> None:
    labels = [str(i) for i in range(len(values))]
    for png in (
        charts.bar_chart(labels, values, "t", "unit"),
        charts.heat_map([values], ["row"], labels, "t", "unit", center=0),
    ):
        assert png.startswith(b"\x89PNG")


def test_only_the_first_thirty_bars_are_drawn_and_the_title_says_so() -> None:
    svg = charts.bar_chart([f"label {i}" for i in range(31)], range(31), "Spend", "EUR", image="svg").decode()
    assert "<!-- Spend (first 30 of 31) -->" in svg
    assert "<!-- label 29 -->" in svg and "<!-- label 30 -->" not in svg


def test_long_labels_are_cut_and_a_dollar_sign_is_no_formula() -> None:
    svg = charts.bar_chart(["x" * 31, "y" * 30], [1, 2], "Spend $a$", "$", image="svg").decode()
    assert f"<!-- {'x' * 29}… -->" in svg and f"<!-- {'y' * 30} -->" in svg
    assert "<!-- Spend $a$ -->" in svg


def test_the_users_own_matplotlib_settings_change_nothing() -> None:
    import matplotlib

    png = DRAWN["bar"]("png")
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": None, "figure.dpi": 50}):
        assert DRAWN["bar"]("png") == png


def test_markdown_holds_the_image() -> None:
    png = DRAWN["bar"]("png")
    text = charts.as_markdown(png, "Spend [EUR]\nper customer")
    assert text.startswith("![Spend (EUR) per customer](data:image/png;base64,") and text.endswith(")")
    assert base64.b64decode(text.partition("base64,")[2][:-1]) == png


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: charts.bar_chart(["ada"], [1, 2], "t", "unit"), "labels 1, values 2"),
        (lambda: charts.bar_chart(["ada"], ["many"], "t", "unit"), "values must be numbers"),  # type: ignore[list-item]
        (lambda: charts.line_chart([1, 2], {"x": [1]}, "t", "x", "y"), "x 2, series 'x' 1"),
        (lambda: charts.line_chart([1], {"a": [1]}, "t", "x", "y", bands={"b": ([1], [1])}), "not drawn: b"),
        (lambda: charts.line_chart([1], {str(i): [1] for i in range(22)}, "t", "x", "y"), "22 series"),
        (lambda: charts.lift_chart([1, 2]), "10 values are needed"),
        (lambda: charts.calibration_chart([1.5], [0.5]), "predicted must lie between 0 and 1"),
        (lambda: charts.heat_map([[1, 2]], ["a"], ["b"], "t", "unit"), "row 2, column_labels 1"),
        (lambda: charts.as_markdown(b"<svg/>", "alt"), "PNG"),
    ],
)
def test_bad_input_is_named(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


def test_importing_the_module_does_not_import_matplotlib() -> None:
    code = "import sys, crm_pipeline.charts; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
