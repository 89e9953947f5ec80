"""Documents of MongoDB and REST services as flat rows of text, gathered on disk and landed as one file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from crm_pipeline.contract.sql import referenced_columns
from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.connectors import PART_SUFFIX
from crm_pipeline.ingestion.connectors.identity import (
    CURSOR,
    DIGEST,
    KEY,
    VERSION,
    VERSIONS_PER_FILE,
    Landed,
)
from crm_pipeline.ingestion.connectors.landing import Landing, text_schema
from crm_pipeline.ingestion.connectors.texts import at_path
from crm_pipeline.ingestion.reading.flatten import NotARecordError, Row, as_text, records_in
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    from crm_pipeline.project import Source

BATCH_ROWS = 20_000
IDENTITY = (KEY, VERSION, DIGEST, CURSOR)


def mapped_names(source: Source) -> tuple[str, ...]:
    """The columns that the mapping reads: a document that lacks one has no value there."""
    names: list[str] = []
    for mapping in source.columns.values():
        names += [mapping.column] if mapping.column is not None else referenced_columns(mapping.sql or "")
    return tuple(dict.fromkeys(names))


class Gathered:
    """The rows of one file to be, kept in a temporary file until their columns are known.

    All rows of a document share its version and digest: a document is replaced, and told again, as a whole.
    """

    def __init__(self, folder: Path, sequence: int, key: Sequence[str], explode: str | None) -> None:
        self.sequence = sequence
        self.documents = self.rows = 0
        self.names: dict[str, None] = {}
        self._key, self._explode = key, explode
        self._path = folder / f"{sequence:08d}.jsonl{PART_SUFFIX}"
        self._file: IO[str] = self._path.open("w", encoding="utf-8")

    def __enter__(self) -> Gathered:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def add(self, document: Mapping[str, Any], cursor: str | None) -> None:
        """Add a document (see `texts.plain`); with ``explode`` one row per element of that list, at least one row."""
        self.documents += 1
        digest = md5(json.dumps(document, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace"))
        parts = [as_text(at_path(document, name)) for name in self._key]
        identity: Row = {
            KEY: md5(json.dumps(parts).encode()).hexdigest() if parts and None not in parts else None,
            VERSION: str(self.sequence * VERSIONS_PER_FILE + self.documents),
            DIGEST: digest.hexdigest(),
            CURSOR: cursor,
        }
        for row in self._rows_of(document):
            self.names |= dict.fromkeys(row)
            self._file.write(json.dumps({**row, **identity}) + "\n")
            self.rows += 1

    def _rows_of(self, document: Mapping[str, Any]) -> list[Row]:
        rows = list(records_in(document, self._explode or ""))
        if rows or self._explode is None:
            return rows
        return [{f"parent.{name}": text for row in records_in(document, "") for name, text in row.items()}]

    def tables(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """The gathered rows in batches with these columns and those of their identity."""
        self._file.flush()
        schema = text_schema([*names, *IDENTITY])
        with self._path.open(encoding="utf-8") as lines:
            while batch := [json.loads(line) for line in islice(lines, BATCH_ROWS)]:
                yield pa.table(
                    [pa.array([row.get(name) for row in batch], pa.string()) for name in schema.names], schema
                )


def land_gathered(
    gathered: Gathered, landing: Landing, source: Source, known: Landed, cursor: str | None, path: Path | None = None
) -> int:
    """Write what was gathered, less what was landed before, as one file; returns its number of rows.

    With ``path`` the file is the whole of the source, and replaces the former whole where it differs.
    """
    seen = tuple(dict.fromkeys([*(name for file in landing.files() for name in file.seen), *gathered.names]))
    names = tuple(dict.fromkeys([*seen, *mapped_names(source)]))
    new = (known.new_rows(table) for table in gathered.tables(names)) if path is None else gathered.tables(names)
    tables = (table for table in new if table.num_rows)
    first = next(tables, None)
    if first is None and path is None:
        return 0
    landed = 0
    target = path or landing.path_of(gathered.sequence)
    schema = text_schema([*names, *IDENTITY])
    with landing.writing(target, schema, gathered.sequence, cursor, seen, keep_same=path is not None) as writer:
        for table in ([first] if first is not None else [], tables):
            for rows in table:
                writer.write_table(rows)
                landed += rows.num_rows
    return landed


def check_mapped(source_name: str, source: Source, landing: Landing) -> None:
    """UserError when the mapping names a field that none of the documents has; those that some lack are just empty."""
    files = landing.files()
    seen = {name.lower(): name for file in files for name in file.seen}
    if not seen:
        return
    for target, mapping in source.columns.items():
        names = [mapping.column] if mapping.column is not None else referenced_columns(mapping.sql or "")
        for name in names:
            if name.lower() not in seen and not mapping.optional:
                raise UserError(
                    f"sources.{source_name}.columns.{target} names {name!r}, "
                    f"which no document has{closest(name, seen.values())}"
                )


def check_records(source_name: str, error: NotARecordError) -> UserError:
    """What to say when there is something else than objects where the records should be."""
    return UserError(
        f"sources.{source_name}.extract: there is {error} where records should be; correct the path to them"
    )
