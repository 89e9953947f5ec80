"""Broken text: every physical line is one record's, or rejected, or skipped; and good lines keep their values."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.ingestion.reading import blocks, records
from crm_pipeline.ingestion.reading.delimited import DelimitedReader
from crm_pipeline.ingestion.reading.reader import LineCounts
from crm_pipeline.ingestion.reading.settings import ReadSettings

Rows = list[tuple[Any, ...]]


def read(folder: Path, text: str | bytes, chunk_bytes: int = 1 << 20, **given: Any) -> tuple[Rows, LineCounts]:
    """Position and values, or position, reason and line, of each row; and what became of the lines."""
    path = folder / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    reader = DelimitedReader(path, ReadSettings.model_validate(given), chunk_bytes)
    rows: Rows = []
    for table in reader.batches():
        for position, broken, line, *values in zip(*(column.to_pylist() for column in table.columns), strict=True):
            rows.append((position, broken, line) if broken else (position, *values))
    return rows, reader.lines


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["1,2,3", "4,5"], [(1, "1", "2", "3"), (-3, records.TOO_FEW, "4,5")]),
        (["1,2,3,4", "5,6,7"], [(-2, records.TOO_MANY, "1,2,3,4"), (1, "5", "6", "7")]),
        (['1,"2"x,3', "4,5,6"], [(-2, records.AFTER_QUOTE, '1,"2"x,3'), (1, "4", "5", "6")]),
        # never closed: to the end of the file; closed by the opening quote of a later field; at the start of a line
        (['1,"2,3', "4,5,6", "7,8,9"], [(-2, records.NEVER_CLOSED, '1,"2,3'), (1, "4", "5", "6"), (2, "7", "8", "9")]),
        (
            ['1,"2,3', "4,5,6", '"7",8,9'],
            [(-2, records.NEVER_CLOSED, '1,"2,3'), (1, "4", "5", "6"), (2, "7", "8", "9")],
        ),
        (['"1,2,3', "4,5,6"], [(-2, records.NEVER_CLOSED, '"1,2,3'), (1, "4", "5", "6")]),
        # closed by chance: the lines inside are complete records
        (
            ['1,"2,3', "4,5,6", "7,8,9", 'a,b",c'],
            [(-2, records.NEVER_CLOSED, '1,"2,3'), (1, "4", "5", "6"), (2, "7", "8", "9"), (3, "a", 'b"', "c")],
        ),
        # a value of several lines, with all line ends as they are
        (['1,"x', "", 'y, z",3', "4,5,6"], [(1, "1", "x\n\ny, z", "3"), (2, "4", "5", "6")]),
        # several lines, but one field too many: all of them are rejected
        (
            ['1,"x', 'y",3,4,5', "5,6,7"],
            [(-2, records.TOO_MANY, '1,"x'), (-3, records.TOO_MANY, 'y",3,4,5'), (1, "5", "6", "7")],
        ),
        # the same, but the last line is a record by itself
        (['1,"x', 'y",3,4'], [(-2, records.NEVER_CLOSED, '1,"x'), (1, 'y"', "3", "4")]),
        (['a"b,"c""d",""', " ,,"], [(1, 'a"b', 'c"d', ""), (2, " ", "", "")]),
        (["1,\0,3", "4,5,6"], [(-2, records.ZERO_BYTES, "1,\ufffd,3"), (1, "4", "5", "6")]),
        (["", "   ", "1,2,3", ""], [(1, "1", "2", "3")]),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("chunk_bytes", [1 << 20, 7])
def test_each_line_is_a_record_or_rejected(
    tmp_path: Path, lines: list[str], expected: Rows, end: str, chunk_bytes: int
) -> None:
    rows, counts = read(tmp_path, end.join(["a,b,c", *lines]), chunk_bytes)
    assert rows == [tuple(v.replace("\n", end) if isinstance(v, str) else v for v in row) for row in expected]
    assert counts.total == len(lines) + (1 if lines[-1] else 0)  # the last line has no end; an empty one is none
    assert counts.total == counts.skipped + counts.of_records + counts.rejected


def test_line_ends_may_be_mixed_and_the_last_may_be_missing(tmp_path: Path) -> None:
    rows, counts = read(tmp_path, "a,b\r\n1,2\n3,4\r5,6\r\n7,8")
    assert rows == [(1, "1", "2"), (2, "3", "4"), (3, "5", "6"), (4, "7", "8")]
    assert counts == LineCounts(5, 1, 4, 0)


def test_bytes_that_do_not_decode_reject_their_line(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, "a,b\né,1\n".encode() + b"\xff,2\n" + "ü,3\n".encode())
    assert rows == [(1, "é", "1"), (-3, records.INVALID_BYTES, "\ufffd,2"), (2, "ü", "3")]
    wide = "a,b\né,1\n".encode("utf-16-le") + b"\x00\xd8" + ",2\nü,3\n".encode("utf-16-le")  # half a character
    rows, _ = read(tmp_path, wide, encoding="utf-16-le")
    assert [row[:2] for row in rows] == [(1, "é"), (-3, records.INVALID_BYTES), (2, "ü")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "gb18030", "shift_jis"])
def test_reads_any_encoding_that_is_named(tmp_path: Path, encoding: str) -> None:
    text = "a,b\n1,中\n2,x\n" if encoding in ("gb18030", "shift_jis") else "a,b\n1,ü\n2,x\n"
    rows, counts = read(tmp_path, text.encode(encoding), chunk_bytes=5, encoding=encoding)
    assert (rows, counts.total) == ([(1, "1", text[6]), (2, "2", "x")], 3)


def test_a_line_beyond_the_longest_is_rejected_and_does_not_fill_the_memory(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(blocks, "LONGEST_LINE_BYTES", 100)
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["a,b", "1,2", "x" * 1000 + ",3", '4,"5', "6,7"])
        rows, counts = read(tmp_path, text, chunk_bytes=10)
        assert rows[0] == (1, "1", "2") and rows[1] == (-3, blocks.TOO_LONG, None) and rows[-1] == (2, "6", "7")
        assert counts == LineCounts(5, 1, 2, 2)


def test_a_quoted_value_ends_somewhere(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD_BYTES", 50)
    rows, _ = read(tmp_path, 'a,b\n1,"' + "x\n" * 60 + '"\n2,y\n')
    assert rows[0] == (-2, records.NEVER_CLOSED, '1,"x') and rows[-1] == (1, "2", "y")


def test_escapes_comments_and_files_without_quotes(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, 'a,b\n#x\n"1\\",\\\\",2\n"3""",4\n', escape="\\", comment="#")
    assert rows == [(1, '1",\\', "2"), (-4, records.AFTER_QUOTE, '"3""",4')]
    rows, counts = read(tmp_path, 'a,b\n"1,2\n3","4\n', quote="")
    assert (rows, counts) == ([(1, '"1', "2"), (2, '3"', '"4')], LineCounts(3, 1, 2, 0))


@pytest.mark.parametrize(
    ("header", "names"),
    [("a,,A,a", ["a", "column1", "A_1", "a_2"]), ('"x,y",z', ["x,y", "z"]), (" a , __Position", ["a", "Position"])],
)
def test_names_are_unique_and_not_our_own(tmp_path: Path, header: str, names: list[str]) -> None:
    (tmp_path / "x.csv").write_text(header)
    reader = DelimitedReader(tmp_path / "x.csv", ReadSettings(delimiter=","))
    assert list(reader.facts.names) == names and not sum(table.num_rows for table in reader.batches())


pieces = st.sampled_from(
    ["a", "é", "1,2", '"', '""', ",", "\n", "\r", "\r\n", "\0", " ", '"x,y"', "1,2,3\n", "#", "\\"]
)


@given(st.lists(pieces, max_size=25), st.integers(1, 40), st.sampled_from([{}, {"escape": "\\"}, {"quote": ""}]))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_blocks_end_changes_nothing_and_no_line_is_lost(
    tmp_path: Path, parts: list[str], chunk_bytes: int, given: dict[str, str]
) -> None:
    """And lines that are plain one by one are read as the careful parser reads them."""
    text = "a,b,c\n" + "".join(parts)
    whole, counts = read(tmp_path, text, delimiter=",", **given)
    assert read(tmp_path, text, chunk_bytes, delimiter=",", **given) == (whole, counts)
    assert counts.total == len(text.encode().splitlines()) == counts.skipped + counts.of_records + counts.rejected
    assert sorted(row[0] for row in whole if row[0] > 0) == list(range(1, 1 + sum(row[0] > 0 for row in whole)))
    lines = text.encode().splitlines(keepends=True)
    dialect = records.Dialect(
        b",", given.get("quote", '"').encode(), given.get("escape", given.get("quote", '"')).encode()
    )
    parser, at, careful = records.RecordParser(dialect, 3), 1, []
    while at < len(lines):
        found = parser.next(lines, at, True)
        at += found.line_count
        careful += [found.fields] if isinstance(found, records.Record) else []
    assert [list(row[1:]) for row in whole if row[0] > 0] == careful


cells = st.text(st.sampled_from('ab ",;\n\réß1'), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), max_size=8), st.integers(3, 60))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_rightly_is_read_as_it_was(tmp_path: Path, rows: Rows, chunk_bytes: int) -> None:
    """Unless the lines inside a value look like records themselves: with two commas, here."""
    rows = [row for row in rows if not any(cell.count(",") > 1 and cell.splitlines() for cell in row)]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("k1", "k2", "k3"), *rows])
    found, counts = read(tmp_path, out.getvalue(), chunk_bytes)
    assert [row[1:] for row in found] == rows
    assert counts.rejected == 0
