"""Bounded samples of files of any size: whole when small, else their beginning and blocks spread over the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading import ReadSettings, open_reader
from crm_pipeline.ingestion.reading.reader import COMPRESSED, POSITION, Facts, kind_of, text_schema

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE_BYTES = 32 << 20
"""Files of up to this size, divided among the files of a project, are read whole."""
LEAST_BYTES = 1 << 20
HEAD_SHARE = 4
"""One part in so many of a sample is the file's beginning; the rest is spread over the file."""
BLOCKS = 12
COUNT_BYTES = 1 << 22
LINE_KINDS = ("csv", "json_lines", "log")


@dataclass(frozen=True)
class Sample:
    """Rows of one file as text: a table with position, broken and the file's columns.

    ``is_whole``: the sample is the file. Otherwise positions count lines, which are records unless values hold line
    breaks. ``facts``: what the reader found.
    """

    path: Path
    rows: pa.Table
    facts: Facts
    is_whole: bool


def bytes_per_file(count: int) -> int:
    """How much of each of so many files may be read."""
    return max(LEAST_BYTES, WHOLE_BYTES // max(count, 1))


def read_sample(path: Path, settings: ReadSettings, most_bytes: int) -> Sample:
    """Read a file or a sample of at most about ``most_bytes`` bytes of it; UserError when it cannot be read."""
    kind = settings.kind or ("log" if settings.pattern else None) or kind_of(path)
    try:
        size = path.stat().st_size
        if kind == "parquet":
            return _of_row_groups(path, settings, most_bytes)
        is_packed = path.suffix.lower() in COMPRESSED
        if kind in LINE_KINDS and (size > most_bytes or is_packed):
            return _of_blocks(path, settings, most_bytes, is_packed)
        return _of_batches(path, path, settings, most_bytes)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); check the file") from None


def _of_batches(path: Path, source: Path, settings: ReadSettings, most_bytes: int) -> Sample:
    """What the reader gives, until there is enough of it (a whole document has no blocks to choose from)."""
    import pyarrow as pa

    try:
        reader = open_reader(source, settings)
        tables: list[pa.Table] = []
        is_whole = True
        for table in reader.batches():
            tables.append(table)
            if sum(item.nbytes for item in tables) > 4 * most_bytes:
                is_whole = False
                break
        facts = reader.facts
    except UserError as error:
        message = str(error).replace(str(source), str(path))
    else:
        rows = pa.concat_tables(tables) if tables else text_schema(facts.names).empty_table()
        return Sample(path, rows, facts, is_whole)
    raise UserError(message)


def _of_row_groups(path: Path, settings: ReadSettings, most_bytes: int) -> Sample:
    """Row groups spread over a Parquet file, read by the reader of Parquet."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        groups = file.metadata.num_row_groups
        sizes = [file.metadata.row_group(index).total_byte_size for index in range(groups)]
        if sum(sizes) <= most_bytes or groups <= 1:
            return _of_batches(path, path, settings, most_bytes)
        wanted = max(1, min(groups, int(groups * most_bytes / sum(sizes))))
        chosen = sorted({round(n * (groups - 1) / max(wanted - 1, 1)) for n in range(wanted)})
        firsts = [0]
        for index in range(groups):
            firsts.append(firsts[-1] + file.metadata.row_group(index).num_rows)
        with TemporaryDirectory() as folder:
            part = Path(folder) / "sample.parquet"
            segments: list[tuple[int, int]] = []
            written = 1
            with pq.ParquetWriter(part, file.schema_arrow) as writer:
                for index in chosen:
                    segments.append((written, firsts[index] + 1))
                    writer.write_table(file.read_row_group(index))
                    written += file.metadata.row_group(index).num_rows
            found = _of_batches(path, part, settings, most_bytes)
    return Sample(path, _moved(found.rows, segments, 0), found.facts, False)


def _of_blocks(path: Path, settings: ReadSettings, most_bytes: int, is_packed: bool) -> Sample:
    """The beginning of a text file and blocks of whole lines from all over it."""
    with TemporaryDirectory() as folder:
        suffixes = [suffix for suffix in path.suffixes if suffix.lower() not in COMPRESSED]
        part = Path(folder) / f"sample{suffixes[-1] if suffixes else ''}"
        if is_packed:
            is_whole, segments = _unpack(path, part, most_bytes), [(1, 1)]
        else:
            is_whole, segments = False, _write_blocks(path, part, most_bytes)
        found = _of_batches(path, part, settings, most_bytes)
    header = 0 if found.facts.kind != "csv" or settings.header is not True else 1 + settings.skip_lines
    return Sample(path, _moved(found.rows, segments, header), found.facts, is_whole and found.is_whole)


def _unpack(path: Path, target: Path, most_bytes: int) -> bool:
    """Write the unpacked beginning of a compressed file, up to a line's end; whether that is all of it."""
    import pyarrow as pa

    with pa.input_stream(str(path), compression="detect") as stream:
        content = stream.read(most_bytes)
        is_whole = not stream.read(1)
    end = len(content) if is_whole else content.rfind(b"\n") + 1
    target.write_bytes(content[: end or len(content)])
    return is_whole


def _write_blocks(path: Path, target: Path, most_bytes: int) -> list[tuple[int, int]]:
    """Write the beginning and spread blocks; returns for each its first line there and in the file (from 1).

    Blocks begin and end at line ends. Encodings of two or four bytes a character give their beginning only.
    """
    head_bytes = most_bytes // HEAD_SHARE
    block_bytes = (most_bytes - head_bytes) // BLOCKS
    segments = [(1, 1)]
    with path.open("rb") as source, target.open("wb") as sample:
        head = source.read(head_bytes)
        head = head[: head.rfind(b"\n") + 1] or head
        sample.write(head)
        if b"\0" in head[:1000] or not head.endswith(b"\n"):
            return segments
        at = len(head)
        span = path.stat().st_size - at - block_bytes
        written = lines = head.count(b"\n")  # so many in the sample, and in the file before `at`
        for start in sorted({at + span * number // (BLOCKS - 1) for number in range(BLOCKS)}):
            if start < at:
                continue
            lines += _count_lines(source, start - at)
            block = source.read(block_bytes)
            begin, end = block.find(b"\n") + 1, block.rfind(b"\n") + 1
            if begin < end:
                segments.append((written + 1, lines + 2))
                sample.write(block[begin:end])
                written += block.count(b"\n", begin, end)
            lines += block.count(b"\n")
            at = start + len(block)
    return segments


def _count_lines(source: BinaryIO, size: int) -> int:
    """Read on by so many bytes and count the line ends among them."""
    count = 0
    while size > 0 and (chunk := source.read(min(size, COUNT_BYTES))):
        size -= len(chunk)
        count += chunk.count(b"\n")
    return count


def _moved(rows: pa.Table, segments: list[tuple[int, int]], header: int) -> pa.Table:
    """The rows with positions as in the whole file; lines that are no record only where the sample begins.

    A block may begin inside a quoted value, so what cannot be read there says nothing about the file.
    """
    import numpy as np
    import pyarrow as pa

    if len(segments) == 1:
        return rows
    starts = np.array([first for first, _ in segments])
    moves = np.array([there - first for first, there in segments])
    position = rows.column(POSITION).to_numpy()
    lines = np.where(position > 0, position + header, -position)
    which = np.searchsorted(starts, lines, side="right") - 1
    moved = position + np.sign(position) * moves[which]
    keep = (position > 0) | (which == 0)
    index = rows.schema.get_field_index(POSITION)
    return rows.set_column(index, POSITION, pa.array(moved, pa.int64())).filter(pa.array(keep))
