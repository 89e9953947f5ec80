"""Columns whose values have nothing to trim at their ends."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.ingestion.reading.copy import write_copy
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline.ingestion.reading.visible_ends import VisibleEnds, has_visible_ends, names_to_trim

BLANKS = " \t\n\v\f\r\xa0"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b c", "!~"], True),
        (["", None], True),  # no ends
        ([], True),
        (["a", "b "], False),
        (["\ta", "b"], False),
        (["a", "b\xa0"], False),
        (["é"], False),  # looked at with care: its last byte may be that of a blank
        (["\x7f"], False),
    ],
)
def test_both_ends_of_every_text_are_looked_at(values: list[str | None], expected: bool) -> None:
    assert has_visible_ends(pa.chunked_array([pa.array(values, pa.string())])) is expected


@given(st.lists(st.none() | st.text(alphabet="ab!~é" + BLANKS, max_size=4)), st.integers(0, 3))
def test_nothing_visible_is_ever_trimmed(values: list[str | None], start: int) -> None:
    column = pa.chunked_array([pa.array(values, pa.string()).slice(start), pa.array(["x"])])
    if has_visible_ends(column):
        assert all(value == value.strip(BLANKS) for value in values[start:] if value is not None)


def test_one_batch_with_a_blank_is_enough() -> None:
    ends = VisibleEnds(["a", "b"])
    ends.look(pa.table({"a": ["x"], "b": ["y"]}))
    ends.look(pa.table({"a": ["x"], "b": ["y "]}))
    ends.look(pa.table({"a": ["x"], "b": ["y"]}))
    assert ends.names == ["a"]


def test_a_copy_says_which_columns_are_to_be_trimmed(tmp_path: Path) -> None:
    file, copy = tmp_path / "lines.csv", tmp_path / "copy.parquet"
    file.write_text('Id,name\n1,"ada "\n2,bob\n')
    write_copy(file, ReadSettings(), copy)
    assert names_to_trim(copy) == {"name"}


def test_a_copy_that_says_nothing_is_trimmed_throughout(tmp_path: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table({"Id": ["1"], "__position": [1]}), tmp_path / "copy.parquet")
    assert names_to_trim(tmp_path / "copy.parquet") == {"id"}
