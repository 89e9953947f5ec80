"""Samples: whole files exactly, large ones by their beginning and spread blocks with true line numbers."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading import ReadSettings
from crm_pipeline.onboarding.sampling import Sample, read_sample

READ = ReadSettings()


def numbered(count: int) -> str:
    return "n,word\n" + "".join(f"{n},w{n}\n" for n in range(1, count + 1))


def positions(sample: Sample) -> list[tuple[int, str]]:
    rows = sample.rows.to_pydict()
    return list(zip(rows["__position"], rows["n"], strict=True))


def test_a_small_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(numbered(100))
    sample = read_sample(tmp_path / "a.csv", READ, 1 << 20)
    assert sample.is_whole
    assert positions(sample) == [(n, str(n)) for n in range(1, 101)]
    assert sample.facts.delimiter == ","


def test_a_large_file_gives_rows_from_all_over_at_their_own_positions(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(numbered(50_000))
    sample = read_sample(tmp_path / "a.csv", READ, 50_000)
    found = positions(sample)
    assert not sample.is_whole
    assert 2_000 < len(found) < 10_000
    assert all(str(position) == text for position, text in found)
    assert found[0][0] == 1 and found[-1][0] > 49_000
    assert len({position // 5_000 for position, _ in found}) >= 10


def test_broken_lines_count_only_where_the_sample_begins(tmp_path: Path) -> None:
    lines = [f"{n},w{n}" for n in range(1, 20_001)]
    lines[4] = "5,w5,surplus"
    (tmp_path / "a.csv").write_text("n,word\n" + "\n".join(lines) + "\n")
    rows = read_sample(tmp_path / "a.csv", READ, 40_000).rows.to_pydict()
    assert [p for p, broken in zip(rows["__position"], rows["__broken"], strict=True) if broken] == [-6]


@pytest.mark.parametrize(("most", "is_whole"), [(1 << 20, True), (2_000, False)])
def test_of_a_compressed_file_the_beginning(tmp_path: Path, most: int, is_whole: bool) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(numbered(1000))
    sample = read_sample(tmp_path / "a.csv.gz", READ, most)
    found = positions(sample)
    assert sample.is_whole is is_whole
    assert found == [(n, str(n)) for n in range(1, len(found) + 1)]
    assert (len(found) == 1000) is is_whole


def test_of_a_large_parquet_file_some_row_groups(tmp_path: Path) -> None:
    table = pa.table({"n": range(1, 10_001)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=500)
    sample = read_sample(tmp_path / "a.parquet", READ, 20_000)
    found = positions(sample)
    assert not sample.is_whole
    assert 500 < len(found) < 10_000
    assert all(str(position) == text for position, text in found)
    assert found[-1][0] == 10_000


def test_a_mistake_names_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(UserError, match=f"{tmp_path}/a.jsonl"):
        read_sample(tmp_path / "a.jsonl", READ, 10)
