"""Numbers and times: what is typed is the number that was written, what is not is rejected; never another number."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.ingestion.entity import EntityColumn
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline.ingestion.values import USUAL, is_too_large, text_of, typed
from crm_pipeline.project import ColumnMapping

AMOUNT = EntityColumn("amount", "decimal(18,4)", "An amount.")
MAPPING = ColumnMapping(column="amount")
CONNECTION = duckdb.connect()
CONNECTION.execute("set TimeZone = 'UTC'")


def number(text: str, **read: object) -> Decimal | str | None:
    """The value, `too large`, or nothing."""
    settings = ReadSettings.model_validate(read)
    value = typed(AMOUNT, MAPPING, settings, "UTC", "UTC")
    row = CONNECTION.execute(
        f"select {value}, {is_too_large(AMOUNT, MAPPING, settings)} "
        f"from (select {text_of(MAPPING, settings)} as text_amount from (select $text as amount))",
        {"text": text},
    ).fetchone()
    assert row is not None
    return row[0] if row[0] is not None else "too large" if row[1] else None


def expected(text: str) -> Decimal | str | None:
    """The same in plain Python, for numbers with a point."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or "_" in text or not text.isascii():
        return None
    with localcontext(prec=2000, Emax=10**9, Emin=-(10**9)):
        if abs(value) >= Decimal(10) ** 15:
            return "too large"
        rounded = value.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return rounded + 0 if abs(rounded) < Decimal(10) ** 14 else "too large"


written = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.from_regex(r"\A[+-]?[0-9]{0,16}\.?[0-9]{0,8}\Z"),
    st.from_regex(r"\A[+-]?[0-9]{1,4}(\.[0-9]{0,6})?[eE][+-]?[0-9]{1,3}\Z"),
    st.text(st.sampled_from("0123456789.,-+eE_ x$"), max_size=8),
)


@given(written)
@settings(max_examples=400)
def test_a_number_is_the_one_written_or_none(text: str) -> None:
    assert number(text) == expected(text)


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("1.234,50", {"decimal": ",", "thousands": "."}, "1234.5"),
        ("-1.234.567,5", {"decimal": ",", "thousands": "."}, "-1234567.5"),
        ("1234,5", {"decimal": ",", "thousands": "."}, "1234.5"),
        ("1.5", {"decimal": ",", "thousands": "."}, None),  # neither a group of three nor a decimal
        ("1.2345", {"decimal": ",", "thousands": "."}, None),
        (",5", {"decimal": ","}, "0.5"),
        ("12.50", {"decimal": ","}, None),
        ("1,5e2", {"decimal": ","}, "150"),
        ("1 234\u00a0567,8", {"decimal": ",", "thousands": " "}, "1234567.8"),
        ("1,234.5", {"thousands": ","}, "1234.5"),
        ("1'234.5", {"thousands": "'"}, "1234.5"),
        ("12,34.5", {"thousands": ","}, None),
        ("999.999.999.999.999,9", {"decimal": ",", "thousands": "."}, "too large"),
        (",", {"decimal": ","}, None),
        ("", {"decimal": ","}, None),
        ("-", {"nulls": ["-"]}, None),
        ("1.00005", {}, "1.0001"),  # half up
        ("-0", {}, "0"),
        ("€5", {}, None),
        ("1_000", {}, None),
        ("٣", {}, None),
    ],
)
def test_numbers_as_a_source_writes_them(text: str, read: dict[str, object], value: str | None) -> None:
    found = number(text, **read)
    assert found == (value if value in (None, "too large") else Decimal(str(value)))


USUAL_TIMES = st.from_regex(
    r"[0-9]{1,5}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}[0-9.+Z]?", fullmatch=True
)


@given(USUAL_TIMES | st.text(alphabet="0123456789-: .+TZe", max_size=22))
@settings(max_examples=300)
def test_times_written_as_usual_are_what_a_cast_makes_of_them(text: str) -> None:
    quick = typed(EntityColumn("at", "timestamp", "When."), ColumnMapping(column="at"), ReadSettings(), "UTC", "UTC")
    row = CONNECTION.execute(
        f"select cast({quick} as varchar), cast({quick.replace(USUAL, 'never')} as varchar) "
        "from (select $text as text_at)",
        {"text": text.strip()},
    ).fetchone()
    assert row is not None and row[0] == row[1]


@pytest.mark.parametrize(
    ("text", "formats", "value"),
    [
        ("05/01/2024", ["%d/%m/%Y"], datetime(2024, 1, 5)),
        ("2024-01-05", ["%d/%m/%Y", "%Y-%m-%d"], datetime(2024, 1, 5)),
        ("05/01/2024", ["%m/%d/%Y", "%d/%m/%Y"], datetime(2024, 5, 1)),  # the first that fits
        ("13/01/2024", ["%m/%d/%Y", "%d/%m/%Y"], datetime(2024, 1, 13)),
        ("5.1.", ["%d/%m/%Y"], None),
        ("epoch", ["%d/%m/%Y"], None),
        ("Infinity", ["%d/%m/%Y"], None),
        ("2024-01-05 10:00 +0200", ["%d/%m/%Y", "%Y-%m-%d %H:%M %z"], datetime(2024, 1, 5, 8)),
    ],
)
def test_formats_are_tried_in_their_order(text: str, formats: list[str], value: datetime | None) -> None:
    mapping = ColumnMapping(column="at", format=formats)
    expression = typed(EntityColumn("at", "timestamp", "When."), mapping, ReadSettings(), "UTC", "UTC")
    CONNECTION.execute("set TimeZone = 'UTC'")
    row = CONNECTION.execute(f"select {expression} from (select $text as text_at)", {"text": text}).fetchone()
    assert row == (value,)


@pytest.mark.parametrize(
    ("text", "value"),
    [(" \t x\u00a0\r\n", "x"), ("  ", None), ("n/a", None), (" N/A ", None), ("n/a!", "n/a!"), ("0", "0")],
)
def test_blank_text_and_null_words_are_missing(text: str, value: str | None) -> None:
    expression = text_of(ColumnMapping(column="x"), ReadSettings(nulls=["n/a", "N/A"]))
    assert CONNECTION.execute(f"select {expression} from (select $text as x)", {"text": text}).fetchone() == (value,)
