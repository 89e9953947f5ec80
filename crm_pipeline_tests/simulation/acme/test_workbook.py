"""A written workbook holds what was given, in the types that Excel has."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from python_calamine import load_workbook

from crm_pipeline.simulation.acme.workbook import write_workbook

ROWS = [
    ("T1", 1, None, Decimal("12.30"), datetime(2024, 2, 29, 23, 59, 58)),
    ("a < b & c", -2, "Weiß", Decimal("-0.05"), datetime(2023, 1, 1, 7)),
]


def test_every_value_comes_back_and_the_bytes_repeat(tmp_path: Path) -> None:
    names = ["text", "whole", "blank", "amount", "moment"]
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(tmp_path / name, "A title", names, ROWS)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    workbook = load_workbook(str(tmp_path / "one.xlsx"))
    assert workbook.sheet_names == ["Receipts"]
    title, header, *rows = workbook.get_sheet_by_index(0).to_python()
    assert title[0] == "A title" and header == names
    assert rows == [
        ["T1", 1.0, "", 12.3, datetime(2024, 2, 29, 23, 59, 58)],
        ["a < b & c", -2.0, "Weiß", -0.05, datetime(2023, 1, 1, 7)],
    ]
