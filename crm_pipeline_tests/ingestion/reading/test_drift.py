"""Columns that came, went, changed their name or the way in which their values are written."""

from pathlib import Path

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.copy import write_copy
from crm_pipeline.ingestion.reading.drift import SchemaChange, schema_changes
from crm_pipeline.ingestion.reading.settings import DEFAULT
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, project_with, staged_rows

BEFORE = "id,qty,day,shop\na1,1,2024-01-05,north\na2,2,2024-01-06,south\na3,7,2024-01-07,west\n"


def changes(folder: Path, before: str, after: str) -> list[tuple[str, str, str | None, str | None]]:
    copies = []
    for name, text in (("before", before), ("after", after)):
        (folder / f"{name}.csv").write_text(text)
        copies.append(folder / f"{name}.parquet")
        write_copy(folder / f"{name}.csv", DEFAULT, copies[-1])
    found = schema_changes(copies[0], copies[1])
    assert all(isinstance(change, SchemaChange) for change in found)
    return [(change.column, change.change, change.before, change.after) for change in found]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("shop,day,QTY,id\nwest,2024-02-01,9,b1\n", []),  # another order and another case are no change
        (BEFORE.replace("qty", "units"), [("qty", "renamed", "qty", "units")]),  # same values, same place
        (
            "id,quantity,day,shop\nb1,9,2024-02-01,east\n",
            [("qty", "renamed", "qty", "quantity")],
        ),  # alike in name, place
        ("id,day,shop\nb1,2024-02-01,east\n", [("qty", "dropped", "number", None)]),
        (
            "id,qty,day,shop,note\nb1,9,2024-02-01,east,hello\n",
            [("note", "new", None, "text")],
        ),
        (
            "id,qty,day,shop\nb1,9,05.01.2024,east\n",
            [("day", "retyped", "date year-month-day", "date with the year last")],
        ),
        ('id,qty,day,shop\nb1,"1,5",2024-02-01,east\n', [("qty", "retyped", "number", "number with a comma")]),
        ("id,qty,day,shop\nb1,,,\n", []),  # no values say nothing
    ],
)
def test_compares_two_files(tmp_path: Path, after: str, expected: list[tuple[str, ...]]) -> None:
    assert changes(tmp_path, BEFORE, after) == expected


def test_a_mapped_column_that_is_gone_names_the_one_in_its_place(tmp_path: Path) -> None:
    files = {"1.csv": f"{HEADER}\na,tea,2024-01-01,1,2\n", "2.csv": f"{HEADER.replace('quantity', 'Menge')}\n"}
    with pytest.raises(UserError, match=r"2\.csv: .*'quantity', which is not in the file; .* where 'Menge' stands now"):
        staged_rows(project_with(tmp_path, files, sources={"lines": lines_source("*.csv")}))
