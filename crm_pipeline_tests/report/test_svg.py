"""Charts as inline SVG: the page's colours, ids of their own, text as text, the same bytes."""

import re
import warnings
from datetime import date
from html import unescape

import pytest

from crm_pipeline.report import svg
from crm_pipeline.report.svg_drawing import FONT, WIDTH, fitting, shorten, text_width
from crm_pipeline.report.wording import LANGUAGES, Wording


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


def test_numbers_in_texts_are_written_as_they_were_given() -> None:
    """Only coordinates are shortened: 12.345 is twelve thousand in German."""
    shown = {12345.0: "12.345 EUR", 0.031249: "0.031249"}
    text = svg.bars("n", "w", ['a "1.23456" id="x" #0072b2', "b"], list(shown), "1.000 EUR", lambda v, _=0: shown[v])
    assert ">12.345 EUR</text>" in text and ">0.031249</text>" in text and ">1.000 EUR</text>" in text
    written = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    assert unescape(written[0]).startswith('a "1.23456" id="x"')
    assert not re.findall(r"\d\.\d{3,}", " ".join(re.findall(r"<[^>]*>", text)))


@pytest.mark.parametrize(
    ("kind", "values"),
    [("compact", [0.0312, 0.0313]), ("compact", [1_000_000, 1_000_010]), ("percent", [0.001, 0.004])],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ticks_of_an_axis_differ(kind: str, values: list[float], language: str) -> None:
    text = svg.lines("n", "w", [1, 2], {"a": values}, "x", "y", Wording(language, "EUR").shown(kind))
    written = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    assert len(written) > 5 and len(written) == len(set(written) - {"x", "y"}) + 2


def test_labels_have_the_digits_that_they_need() -> None:
    shown = Wording("de", "EUR").shown("percent")
    assert svg.tick_labels([0, 0.005, 0.01], shown) == ["0,0", "0,5", "1,0"]
    assert svg.tick_labels([0, 0.1, 0.2], shown) == ["0", "10", "20"]


def test_dates_on_the_axis_are_few_and_end_with_the_newest() -> None:
    assert re.findall(r">(2024-\d\d)<", line_chart()) == [f"2024-{month:02}" for month in (3, 6, 9, 12)]


def test_dates_within_a_month_show_their_day() -> None:
    days = [date(2024, 1, day) for day in (1, 8, 15)]
    assert ">2024-01-15<" in svg.lines("n", "w", days, {"a": [1.0, 2.0, 3.0]}, "x", "y", str)


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
    assert shorten(text) == short


def test_a_long_name_of_an_axis_is_written_smaller_and_stays_inside() -> None:
    long = "Monate seit der ersten Bestellung, % der Kohorte, und noch etwas mehr dazu"
    assert fitting("month") == FONT and fitting(long) < FONT
    assert text_width(long, fitting(long)) <= WIDTH
    drawn = svg.heat_map("n", "w", ["a"], ["b"], {(0, 0): 1.0}, "row", long, str)
    size = float(re.findall(r"font-size: ([\d.]+)px[^>]*>row ↓", drawn)[0])
    assert text_width(f"row ↓  {long} →", size) <= WIDTH
