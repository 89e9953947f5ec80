"""What a look at a file finds: its kind, encoding, delimiter, names and first records."""

import gzip
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading import FileLook, ReadSettings, inspect_file


def look(folder: Path, name: str, content: str | bytes, **read: object) -> FileLook:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return inspect_file(path, ReadSettings.model_validate(read))


def write_sheets(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """A workbook with inline values: text as text, numbers as numbers, times as Excel's serial numbers."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    formats = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
    with ZipFile(path, "w") as book:
        root = f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
        book.writestr("_rels/.rels", f'<Relationships xmlns="{package}">{root}</Relationships>')
        workbook = f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>{names}</sheets></workbook>'
        book.writestr("xl/workbook.xml", workbook)
        styles = f'<Relationship Id="s" Type="{relations}/styles" Target="styles.xml"/>'
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}{styles}</Relationships>')
        book.writestr("xl/styles.xml", f'<styleSheet xmlns="{main}">{formats}</styleSheet>')
        for number, rows in enumerate(sheets.values(), 1):
            data = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            sheet = f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'
            book.writestr(f"xl/worksheets/sheet{number}.xml", sheet)


def _cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    if isinstance(value, datetime):
        return f'<c s="1"><v>{(value - datetime(1899, 12, 30)).total_seconds() / 86400}</v></c>'
    return f"<c><v>{value}</v></c>"


def test_a_western_file_with_semicolons(tmp_path: Path) -> None:
    found = look(tmp_path, "a.csv", "Auftrag;Straße;Betrag\n1;Größe 3;1.234,50\n2;;3\n".encode("cp1252"))
    assert (found.kind, found.encoding, found.delimiter) == ("csv", "cp1252", ";")
    assert found.names == ("Auftrag", "Straße", "Betrag")
    assert found.rows == (("1", "Größe 3", "1.234,50"), ("2", "", "3"))
    assert found.notes == ("the encoding cp1252 is a guess from the letters",)
    assert found.summary == "csv, cp1252, delimiter ;"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", ":", "\x01", " ", "#", "!", "*"])
def test_finds_any_single_character_as_delimiter(tmp_path: Path, delimiter: str) -> None:
    lines = [["name", "day", "sum"], ["Ann_B", "2024-01-05", "1.50"], ["Cy", "2024-01-06", "-2"]]
    found = look(tmp_path, "a.csv", "\n".join(delimiter.join(line) for line in lines))
    assert (found.delimiter, found.names, len(found.rows)) == (delimiter, ("name", "day", "sum"), 2)


def test_commas_inside_numbers_and_names_do_not_win_over_the_delimiter(tmp_path: Path) -> None:
    assert look(tmp_path, "a.csv", "id;sum, net;day\n1;12,50;x\n2;3,75;y\n").delimiter == ";"


def test_what_is_given_goes_before_what_is_found(tmp_path: Path) -> None:
    read = {"delimiter": "|", "header": ["a", "b"], "skip_lines": 1, "comment": "#", "encoding": "cp850", "quote": "'"}
    found = look(tmp_path, "a.txt", "exported today\n#no\n'x|\x81'|2\n".encode("latin-1"), **read)
    assert (found.names, found.rows, found.encoding) == (("a", "b"), (("x|ü", "2"),), "cp850")


def test_a_first_line_of_values_is_doubtful(tmp_path: Path) -> None:
    found = look(tmp_path, "a.csv", "7,2024-01-05,tea\n8,2024-01-06,milk\n")
    assert found.notes == ("the first line looks like values, not names",)


def test_compressed_json_and_parquet(tmp_path: Path) -> None:
    assert look(tmp_path, "a.csv.gz", gzip.compress(b"a,b\n1,2\n")).rows == (("1", "2"),)
    lines = look(tmp_path, "a.jsonl", '{"a": 1.50, "b": {"c": "x"}}\n\nnope\n{"a": [1, "y"]}\n')
    assert (lines.kind, lines.names) == ("json_lines", ("a", "b.c"))
    assert (lines.rows, lines.rejected) == ((("1.50", "x"), ('[1, "y"]', None)), ("not JSON",))
    document = look(tmp_path, "a.json", '{"data": {"items": [{"id": 7, "lines": [{"sku": "x"}, {"sku": "y"}]}]}}')
    assert (document.kind, document.records, document.names) == ("json", "data.items", ("id", "lines"))
    lines = look(tmp_path, "a.json", (tmp_path / "a.json").read_text(), records="data.items.lines")
    assert (lines.names, lines.rows) == (("sku", "parent.id"), (("x", "7"), ("y", "7")))
    pa_parquet.write_table(pa.table({"a": [1], "s": [{"x": 2}]}), tmp_path / "a.parquet")
    assert inspect_file(tmp_path / "a.parquet").names == ("a", "s.x")


def test_a_workbook(tmp_path: Path) -> None:
    rows = [["id", "when", "sum"], [7, datetime(2024, 1, 5, 12), 1.5], [None], ["x", None, "1", "too much"]]
    write_sheets(tmp_path / "a.xlsx", {"empty": [], "sales": rows})
    found = inspect_file(tmp_path / "a.xlsx")
    assert (found.kind, found.sheet, found.sheets) == ("excel", "sales", ("empty", "sales"))
    assert (found.names, found.rows) == (("id", "when", "sum"), (("7", "2024-01-05 12:00:00", "1.5"),))
    assert found.rejected == ("too many fields",)
    with pytest.raises(UserError, match=r"a\.xlsx: there is no sheet 'nope'; it has empty, sales"):
        inspect_file(tmp_path / "a.xlsx", ReadSettings(sheet="nope"))


def test_log_lines_by_a_pattern(tmp_path: Path) -> None:
    pattern = r"^(?P<ip>\S+) (?P<user>\S+) \[(?P<at>[^]]+)\]"
    found = look(tmp_path, "a.log", "1.1.1.1 bob [now] x\n\nnope\n2.2.2.2 al [then]\n", pattern=pattern)
    assert (found.kind, found.names) == ("log", ("ip", "user", "at"))
    assert found.rows == (("1.1.1.1", "bob", "now"), ("2.2.2.2", "al", "then"))
    assert found.rejected == ("does not match the pattern",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"\n \n", "the file is empty; expected a line with the names"),
        ("a.csv", b'"a,b\n1,2\n', r"a\.csv, line 1: the header cannot be read \(a quote is never closed\)"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 9999)[:-40], r"cannot be read \(Truncated"),
        ("a.foo", b"x", r"the file type '\.foo' is not supported; .* `read: \{kind: csv\}`"),
        ("a.xlsx", b"x", r"cannot be read \("),
        ("a.parquet", b"x", r"cannot be read \("),
        ("a.json", b'{"a": ', r"cannot be read \(not JSON"),
    ],
)
def test_a_file_that_cannot_be_looked_at_says_why(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        look(tmp_path, name, content)
