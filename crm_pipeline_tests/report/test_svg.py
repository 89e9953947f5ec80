"""Charts as inline SVG: the page's colours, ids of their own, text as text, the same bytes."""

import re
import warnings
from datetime import date

import pytest

from crm_pipeline.report import svg


def bar_chart(name: str = "one") -> str:
    return svg.bars(name, "What <it> shows", ["核心客户", "lost & found"], [3, 1.5], "客户数", lambda v: f"{v:g} 个")


def line_chart() -> str:
    days = [date(2024, month, 1) for month in range(1, 13)]
    values = [float(i) for i in range(12)]
    return svg.lines(
        "two", "words", days, {"a": values, "b": [None, *values[1:]]}, "x", "y", str, bands={"a": (values, values)}
    )


def test_colours_are_the_pages() -> None:
    text = bar_chart()
    assert "var(--s1)" in text and "var(--ink)" in text
    assert re.findall(r"#[0-9a-f]{6}", text) == []


def test_text_stays_text_in_any_script_and_asks_for_no_font() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = bar_chart()
    assert ">核心客户</text>" in text and "lost &amp; found" in text and "3 个" in text
    assert "font-family" not in text and "DejaVu" not in text


def test_it_says_what_it_shows() -> None:
    assert 'role="img" aria-label="What &lt;it&gt; shows"><title>What &lt;it&gt; shows</title>' in bar_chart()


def test_ids_are_the_charts_own() -> None:
    first, second = (set(re.findall(r" id=\"([^\"]+)\"", bar_chart(name))) for name in ("one", "two"))
    assert not first & second
    text = line_chart()
    assert set(re.findall(r"(?:href=\"#|url\(#)([\w-]+)", text)) == set(re.findall(r" id=\"([^\"]+)\"", text))


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert bar_chart() == bar_chart()
    assert "http" not in line_chart()


def test_dates_on_the_axis_are_few_and_end_with_the_newest() -> None:
    assert re.findall(r">(2024-\d\d)<", line_chart()) == [f"2024-{month:02}" for month in (2, 4, 6, 8, 10, 12)]


def test_dates_within_a_month_show_their_day() -> None:
    days = [date(2024, 1, day) for day in (1, 8, 15)]
    assert ">01-15<" in svg.lines("n", "w", days, {"a": [1.0, 2.0, 3.0]}, "x", "y", str)


def test_a_heat_map_draws_the_cells_that_are_there() -> None:
    cells = {(0, 0): 0.5, (1, 1): 0.25}
    text = svg.heat_map("h", "w", ["a", "b"], ["c", "d"], cells, "from", "to", lambda v: f"{100 * v:.0f}")
    assert ">50</text>" in text and ">25</text>" in text and text.count("var(--s1)") == 2


def test_columns_with_marks() -> None:
    text = svg.columns("c", "w", [1, 2], {"a": [1, 2], "b": [2, 3]}, "x", "y", str, marks={"rule": [1, 1]})
    assert all(f"var(--s{number})" in text for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "short"), [("short", "short"), ("a" * 30, "a" * 23 + "…"), ("字" * 20, "字" * 11 + "…")]
)
def test_long_labels_are_cut(text: str, short: str) -> None:
    assert svg.shorten(text) == short
