"""Reads log lines by a regular expression: its named groups are the columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.ingestion.reading.blocks import Blocks
from crm_pipeline.ingestion.reading.reader import Facts, LineCounts, text_schema, text_table, unreadable
from crm_pipeline.ingestion.reading.records import INVALID_BYTES, ZERO_BYTES, shown
from crm_pipeline.ingestion.reading.settings import ReadSettings

if TYPE_CHECKING:
    import pyarrow as pa

NO_MATCH = "does not match the pattern"


class LogReader:
    """Each line that the pattern finds a match in is a record, every other one is rejected; empty lines are skipped."""

    def __init__(self, path: Path, settings: ReadSettings) -> None:
        assert settings.pattern is not None
        self._path, self._pattern = path, settings.pattern
        self._blocks = Blocks(path, settings.encoding)
        self._names = list(re.compile(settings.pattern).groupindex)
        self.lines = LineCounts()

    @property
    def facts(self) -> Facts:
        """Encoding and the groups' names."""
        encoding = self._blocks.encoding
        notes = () if encoding.is_sure else (f"the encoding {encoding.name} is a guess from the letters",)
        return Facts("log", tuple(self._names), encoding.name, notes=notes)

    def batches(self) -> Iterator[pa.Table]:
        """Tables in the order of the file; see `Reader.batches`."""
        import pyarrow as pa

        self.lines, number = LineCounts(), 0
        groups = ", ".join("'" + name + "'" for name in self._names)
        fields = ", ".join(f'm."{name}" as "{name}"' for name in self._names)
        with duckdb.connect() as connection:
            for block in self._blocks:
                if block.problem:
                    self.lines.rejected += 1
                    yield text_table(self._names, [-block.first_line], [block.problem], [[None] for _ in self._names])
                    continue
                texts = [_text(line) for line in block.data.splitlines()]
                at = range(block.first_line, block.first_line + len(texts))
                lines = pa.table(
                    {
                        "line_number": pa.array(at, pa.int64()),
                        "line": pa.array([text for text, _ in texts], pa.string()),
                        "problem": pa.array([problem for _, problem in texts], pa.string()),
                    }
                )
                connection.register("lines", lines)
                try:
                    table: pa.Table = connection.sql(
                        "with judged as (select line_number, line, case when problem is not null then problem "
                        f"when not regexp_matches(line, $pattern) then '{NO_MATCH}' end as broken from lines "
                        "where problem is not null or trim(line) <> ''), "
                        "matched as (select line_number, broken, line, case when broken is null "
                        f"then regexp_extract(line, $pattern, [{groups}]) end as m from judged) "
                        "select case when broken is null then $number + count(*) filter (broken is null) "
                        "over (order by line_number rows unbounded preceding) else -line_number end as __position, "
                        f"broken as __broken, case when broken is not null then line end as __line, {fields} "
                        "from matched order by line_number",
                        params={"pattern": self._pattern, "number": number},
                    ).to_arrow_table()
                except duckdb.Error as error:
                    raise unreadable(self._path, f"`pattern`: {error}") from None
                rejected = table.num_rows - table.column("__broken").null_count
                number += table.num_rows - rejected
                self.lines.rejected += rejected
                self.lines.of_records += table.num_rows - rejected
                self.lines.skipped += len(texts) - table.num_rows
                yield table.cast(text_schema(self._names))
        self.lines.total = self._blocks.line_count


def _text(line: bytes) -> tuple[str, str | None]:
    """The line, and what is wrong with it."""
    if b"\0" in line:
        return shown(line), ZERO_BYTES
    try:
        return line.decode(), None
    except UnicodeDecodeError:
        return shown(line), INVALID_BYTES
