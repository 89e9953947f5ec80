"""Source files as they come: what is read, what is not, and that no line is lost on the way."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from crm_pipeline.errors import UserError
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, project_with, staged_lines, staged_rows

GOOD = "a,tea,2024-01-01,1,2"


def accounts(rows: list[dict]) -> list[tuple]:
    return [(row["position"], row["verdict"], row["order_id"], row["rule"]) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{GOOD}\n",
        f"{HEADER}\n{GOOD}",
        f"{HEADER}\r\n{GOOD}\r\n",
        f"\ufeff{HEADER}\n{GOOD}\n",
        f"\n\n{HEADER}\n\n{GOOD}\n\n",
        f"{HEADER}\n{GOOD}\n".replace(",", ";"),
        f"{HEADER}\n{GOOD}\n".replace(",", "\t"),
        f"{HEADER}\n{GOOD}\n".replace(",", " | "),
        f"{HEADER.upper()}\n{GOOD}\n",
        HEADER.replace(",", " , ") + '\n"a","tea","2024-01-01","1","2"\n',
    ],
    ids=["plain", "no end", "windows", "bom", "blank lines", "semicolon", "tab", "pipe", "upper case", "quoted"],
)
def test_reads_the_usual_ways_of_writing_csv(tmp_path: Path, text: str) -> None:
    rows = staged_rows(project_with(tmp_path, {"lines.csv": text}))
    assert accounts(rows) == [(1, "clean", "a", None)]


def test_reads_compressed_files_and_names_with_quotes_and_brackets(tmp_path: Path) -> None:
    name = "it's [1].csv.gz"
    project = project_with(
        tmp_path, {name: gzip.compress(f"{HEADER}\n{GOOD}\n".encode())}, sources={"lines": lines_source("*.csv.gz")}
    )
    assert accounts(staged_rows(project)) == [(1, "clean", "a", None)]


def test_a_file_of_text_columns_keeps_its_first_line_as_names(tmp_path: Path) -> None:
    products = {"entity": "products", "path": "p.csv", "columns": {"product_id": "id", "name": "label"}}
    files = {"lines.csv": f"{HEADER}\n{GOOD}\n", "p.csv": "id,label\np1,tea\n"}
    project = project_with(tmp_path, files, sources={"lines": lines_source(), "products": products})
    assert [(row["product_id"], row["name"]) for row in staged_rows(project, "products")] == [("p1", "tea")]


def test_lines_that_are_no_record_are_rejected_with_their_number(tmp_path: Path) -> None:
    rows = staged_lines(tmp_path, GOOD + ",9", "b,tea", "c,tea,2024-01-01,1,2", '"d"x,tea,2024-01-01,1,2')
    assert accounts(rows) == [
        (-5, "rejected", None, "line cannot be read: text after a closing quote"),
        (-3, "rejected", None, "line cannot be read: too few fields"),
        (-2, "rejected", None, "line cannot be read: too many fields"),
        (1, "clean", "c", None),
    ]


def test_quotes_keep_separators_lines_and_quotes(tmp_path: Path) -> None:
    rows = staged_lines(tmp_path, '"a ""x"", y\nz",tea,2024-01-01,1,2', 'b"c,tea,2024-01-01,1,2')
    assert [row["order_id"] for row in rows] == ['a "x", y\nz', 'b"c']


def test_bytes_that_are_not_valid_reject_their_line_only(tmp_path: Path) -> None:
    text = f"{HEADER}\nthé,tea,2024-01-01,1,2\n".encode() + b"b\xe9,tea,2024-01-01,1,2\n" + GOOD.encode()
    rows = staged_rows(project_with(tmp_path, {"lines.csv": text}))
    assert accounts(rows) == [
        (-3, "rejected", None, "line cannot be read: not valid in the file's encoding"),
        (1, "clean", "thé", None),
        (2, "clean", "a", None),
    ]


def test_a_western_file_needs_no_word_about_its_encoding(tmp_path: Path) -> None:
    text = f"{HEADER}\nbé,tea,2024-01-01,1,2\n".encode("latin-1")
    assert accounts(staged_rows(project_with(tmp_path, {"lines.csv": text}))) == [(1, "clean", "bé", None)]


def test_files_of_one_source_may_have_their_columns_in_any_order(tmp_path: Path) -> None:
    names = HEADER.split(",")
    values = dict(zip(names, ["b", "tea", "2024-01-02", "3", "4"], strict=True))
    turned = ",".join(["source", *reversed(names)]) + "\n" + ",".join(["x", *(values[n] for n in reversed(names))])
    files = {"a.csv": f"{HEADER}\n{GOOD}\n", "b.csv": turned}
    rows = staged_rows(project_with(tmp_path, files, sources={"lines": lines_source("*.csv")}))
    assert [(r["file_name"], r["order_id"], int(r["quantity"]), int(r["net_amount"])) for r in rows] == [
        ("a.csv", "a", 1, 2),
        ("b.csv", "b", 3, 4),
    ]


def test_a_mapped_column_called_as_our_own_is_the_files(tmp_path: Path) -> None:
    source = lines_source(columns={"store_id": "source", "customer_id": "position"})
    rows = staged_lines(tmp_path, "web,7," + GOOD, header="source,position," + HEADER, sources={"lines": source})
    assert [(row["source"], row["store_id"], row["customer_id"], row["position"]) for row in rows] == [
        ("lines", "web", "7", 1)
    ]


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    columns = {
        "store_id": {"column": "shop", "optional": True},
        "unit_price": {"sql": "net::decimal / qty::decimal", "optional": True},
    }
    rows = staged_lines(tmp_path, GOOD, sources={"lines": lines_source(columns=columns)})
    assert [(row["verdict"], row["store_id"], row["unit_price"]) for row in rows] == [("clean", None, None)]


def test_what_is_said_about_reading_is_done(tmp_path: Path) -> None:
    text = "export\n# by Ann\n'a;1';tea;05.01.2024;1;1.234,50\nb;tea;2024-01-06;-;2\n".replace(";", "^")
    columns = {"ordered_at": {"column": "ordered_at", "format": ["%d.%m.%Y", "%Y-%m-%d"]}}
    read = {
        "delimiter": "^",
        "quote": "'",
        "header": HEADER.split(","),
        "skip_lines": 1,
        "comment": "#",
        "decimal": ",",
        "thousands": ".",
        "nulls": ["-", "n/a"],
    }
    source = lines_source(columns=columns, read=read)
    rows = staged_rows(project_with(tmp_path, {"lines.csv": text}, sources={"lines": source}))
    assert [(r["order_id"], str(r["ordered_at"]), str(r["net_amount"]), r["rule"]) for r in rows] == [
        ("a^1", "2024-01-05 00:00:00", "1234.5000", None),
        ("b", "2024-01-06 00:00:00", "2.0000", "quantity is missing"),
    ]


def test_values_of_json_stay_the_text_that_they_are(tmp_path: Path) -> None:
    record = '{{"order_id": {0}, "product_id": "007", "ordered_at": "{1}", "quantity": 1.50, "net_amount": "2.0"}}\n'
    text = record.format('"a"', "2024-01-01T10:00:00+02:00") + record.format("null", "01/02/2024")
    sources = {"lines": lines_source("lines.jsonl")}
    rows = staged_rows(project_with(tmp_path, {"lines.jsonl": text}, sources=sources, time_zone="Europe/Berlin"))
    assert accounts(rows) == [(1, "clean", "a", None), (2, "rejected", None, "order_id is missing")]
    assert (rows[0]["product_id"], str(rows[0]["ordered_at"]), str(rows[0]["quantity"])) == (
        "007",
        "2024-01-01 09:00:00",
        "1.500",
    )


def test_reads_parquet_with_times_in_a_zone(tmp_path: Path) -> None:
    table = pa.table(
        {
            "order_id": [7],
            "product_id": ["tea"],
            "ordered_at": pa.array([1_704_067_200], pa.timestamp("s", "UTC")),  # 2024-01-01 00:00 UTC
            "quantity": [1],
            "net_amount": [2.5],
        }
    )
    pa_parquet.write_table(table, tmp_path / "lines.parquet")
    sources = {"lines": lines_source("lines.parquet")}
    rows = staged_rows(project_with(tmp_path, {}, sources=sources, time_zone="America/New_York"))
    assert [(row["order_id"], str(row["ordered_at"])) for row in rows] == [("7", "2023-12-31 19:00:00")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lines.csv", "", r"lines\.csv: the file is empty; expected rows"),
        ("lines.csv", "\n\n", r"lines\.csv: the file is empty; expected a line with the names of its columns"),
        ("lines.csv", HEADER + "\n", r"sources\.lines: the files hold no rows; expected order_lines"),
        (
            "lines.csv",
            HEADER.replace("quantity", "quantities") + "\n" + GOOD,
            r"lines\.csv: sources\.lines\.columns\.quantity names the column 'quantity', which is not in the file; "
            r"did you mean 'quantities'\?",
        ),
        ("lines.xml", "<a/>", r"lines\.xml: the file type '\.xml' is not supported; expected CSV, TSV, JSON"),
        (
            "lines.parquet",
            "text",
            r"lines\.parquet: cannot be read \(.*\); check the file, or correct `path` or `read` of its source",
        ),
        ("lines.json", '{"a": ', r"lines\.json: cannot be read \(.*\); check the file"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        staged_rows(project_with(tmp_path, {name: content}, sources={"lines": lines_source(name)}))


def test_a_source_without_files_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"crm\.yaml: sources\.lines: no file matches 'lines\.csv' in .*; put the file"):
        staged_rows(project_with(tmp_path, {}))
