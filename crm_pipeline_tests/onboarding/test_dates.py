"""Layouts of dates, and whether the day or the month comes first."""

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.onboarding.dates import look_at_dates


@pytest.mark.parametrize(
    ("values", "formats", "is_decided"),
    [
        (["2024-01-05", "2024-01-06 10:00:00"], [""], True),
        (["2024-01-05T10:00:00Z"], [""], True),
        (["01.02.2024", "03.02.2024"], ["%d.%m.%Y"], True),  # with points the day comes first
        (["01/02/2024", "13/02/2024"], ["%d/%m/%Y"], True),
        (["1/2/2024 3:05 PM", "1/15/2024 4:00 AM"], ["%m/%d/%Y %I:%M %p"], True),
        (["01/02/2024", "03/04/2024"], ["%d/%m/%Y"], False),
        (["01-02-24", "25-02-24"], ["%d-%m-%y"], True),
        (["5-Jan-24"], ["%d-%b-%y"], True),
        (["2024年1月5日"], ["%Y年%m月%d日"], True),
        (["20240105", "20241231"], ["%Y%m%d"], True),
        (["31/12/2023 10:30", "01/01/2024 10:30:15", "02/01/2024 9:00"], ["%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"], True),
    ],
)
def test_layouts(values: list[str], formats: list[str], is_decided: bool) -> None:
    found = look_at_dates(values)
    assert found is not None
    assert (list(found.formats), found.is_decided) == (formats, is_decided)


def test_what_is_mostly_no_date_is_none() -> None:
    assert look_at_dates(["tea", "jam", "01.02.2024"]) is None
    assert look_at_dates([]) is None
    found = look_at_dates(["01.02.2024", "02.02.2024", "tbd"])
    assert found is not None and round(found.share, 2) == 0.67


def test_one_wrong_value_does_not_turn_a_decided_order() -> None:
    good = [f"{day:02d}/03/2024" for day in range(1, 32)] * 5
    found = look_at_dates([*good, "03/25/2024"])
    assert found is not None and (found.formats[0], found.order, found.is_decided) == ("%d/%m/%Y", "day", True)


def test_undecided_dates_are_read_so_that_the_file_runs_on_in_time() -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(360)]
    small = [f"{day:%m/%d/%Y}" for day in days if day.day <= 12]
    found = look_at_dates(small)
    assert found is not None and (found.order, found.is_decided) == ("month", False)


@given(
    st.lists(st.dates(date(2000, 1, 1), date(2030, 1, 1)), min_size=30, max_size=60),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%y", "%Y年%m月%d日"]),
)
def test_a_decided_format_reads_back_every_date(days: list[date], written: str) -> None:
    values = [day.strftime(written) for day in days]
    found = look_at_dates(values)
    assert found is not None
    if found.is_decided and found.formats != ("",):
        with duckdb.connect() as connection:
            read = [
                connection.execute("select strptime(?, ?)::date", [value, found.formats[0]]).fetchone()
                for value in values
            ]
        assert [row[0] for row in read if row] == days
