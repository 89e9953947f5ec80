"""Damaged files of every kind: they are read as far as they can be, or one message says why not; nothing else."""

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.copy import CopiedFile, write_copy
from crm_pipeline.ingestion.reading.settings import ReadSettings
from crm_pipeline_tests.ingestion.corruptions import OF_BYTES, STYLES, file_of
from crm_pipeline_tests.ingestion.reading.test_look import write_sheets

RECORDS = [
    {"id": number, "at": "2024-01-05", "who": {"name": "Zoë", "tags": ["a", {"b": 1.50}]}, "ok": number % 2 == 0}
    for number in range(12)
]
PATTERN = r"^(?P<ip>\S+) (?P<user>\S+) \[(?P<at>[^]]+)\]"


def damaged(data: bytes, seed: int) -> bytes:
    """The bytes after one to three accidents, anywhere."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(OF_BYTES)(chance, data)
    return data


def copied(folder: Path, name: str, data: bytes, **read: object) -> CopiedFile | UserError:
    """What became of a file. The copy is there if it was read, and nothing half-written is left if it was not."""
    path, target = folder / name, folder / "copy.parquet"
    path.write_bytes(data)
    target.unlink(missing_ok=True)
    result: CopiedFile | UserError
    try:
        result = write_copy(path, ReadSettings.model_validate(read), target)
    except UserError as error:
        result = error
        assert "\n" not in str(error) and name in str(error)
    assert target.exists() == isinstance(result, CopiedFile)
    assert sorted(item.name for item in folder.iterdir()) == sorted([name, *([target.name] * target.exists())])
    return result


def assert_counts_agree(result: CopiedFile | UserError) -> None:
    if isinstance(result, CopiedFile) and result.lines is not None:
        lines = result.lines
        assert lines.total == lines.skipped + lines.of_records + lines.rejected


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "json", "log", "parquet", "xlsx"])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    whole = {
        "csv": file_of(1, STYLES[0]),
        "csv.gz": gzip.compress(file_of(1, STYLES[1])),
        "jsonl": "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS).encode(),
        "json": json.dumps({"page": 1, "data": RECORDS}, ensure_ascii=False, indent=1).encode(),
        "log": b"".join(b"10.0.0.%d ann [2024-01-05] GET /\n" % number for number in range(12)),
    }
    if kind == "parquet":
        pa_parquet.write_table(
            pa.Table.from_pylist([{**record, "who": {"name": "Zoë"}} for record in RECORDS]), tmp_path / "x"
        )
    if kind == "xlsx":
        write_sheets(tmp_path / "x", {"s": [["id", "at"], *([number, "Zoë"] for number in range(12))]})
    data = whole[kind] if kind in whole else (tmp_path / "x").read_bytes()
    (tmp_path / "x").unlink(missing_ok=True)
    read = {"pattern": PATTERN} if kind == "log" else {}
    assert isinstance(copied(tmp_path, f"x.{kind}", data, **read), CopiedFile)
    for seed in range(60):
        assert_counts_agree(copied(tmp_path, f"x.{kind}", damaged(data, seed), **read))


def test_lines_of_json_are_each_a_record_or_rejected(tmp_path: Path) -> None:
    lines = [
        b'{"a": "\xc3\xa9"}',
        b"nope",
        b"[1]",
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": "x\\u0000"}',
        b"",
        b"{" * 9999,
        b'{"a"',
    ]
    result = copied(tmp_path, "x.jsonl", b"\n".join(lines))
    assert isinstance(result, CopiedFile) and result.lines is not None
    table = pa_parquet.read_table(tmp_path / "copy.parquet").to_pylist()
    assert [(row["__position"], row["__broken"], row["a"]) for row in table] == [
        (1, None, "é"),
        (-2, "not JSON", None),
        (-3, "not a JSON object", None),
        (-4, "characters that are no text", None),
        (-5, "not valid in the file's encoding", None),
        (-6, "zero bytes", None),
        (-8, "not JSON", None),
        (-9, "not JSON", None),
    ]
    assert (result.lines.total, result.lines.skipped, result.lines.of_records, result.lines.rejected) == (9, 1, 1, 7)


def test_a_document_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    result = copied(tmp_path, "x.json", b'{"data": [{"a": 1}, 7, {"a": 2.50}, {"a":')
    assert isinstance(result, CopiedFile) and result.lines is None
    table = pa_parquet.read_table(tmp_path / "copy.parquet").to_pylist()
    assert [(row["__position"], row["__broken"], row["a"]) for row in table] == [
        (1, None, "1"),
        (-2, "not a JSON object", None),
        (2, None, "2.50"),
        (-4, "not JSON from here on", None),
    ]


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.parquet", "x.xlsx", "x.csv.gz", "x.csv.zst"])
def test_noise_is_read_as_noise_or_refused(tmp_path: Path, name: str) -> None:
    for seed in range(20):
        assert_counts_agree(copied(tmp_path, name, random.Random(seed).randbytes(3000)))
