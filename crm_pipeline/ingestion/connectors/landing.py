"""Landed files: what a connector read, as immutable Parquet of text, each file with the cursor it reaches to.

A file appears whole or not at all, and the cursor is a part of it: the two cannot disagree, whenever a process dies.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crm_pipeline.errors import CrmError
from crm_pipeline.ingestion.connectors import COMPLETE, PART_SUFFIX
from crm_pipeline.ingestion.connectors.identity import same_rows
from crm_pipeline.warehouse.connection import DISK_IS_FULL, is_full_disk

METADATA = b"crm_pipeline"
SNAPSHOT = "snapshot.parquet"


@dataclass(frozen=True)
class LandedFile:
    """One landed file: its place in the order of landing, the cursor it reaches to, and the columns that had values."""

    path: Path
    sequence: int
    cursor: str | None
    seen: tuple[str, ...]


class Landing:
    """The landed files of one source: ``folder`` is the one of the present way of reading it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder, and remove what a killed load left unfinished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.rglob(f"*{PART_SUFFIX}"):
            part.unlink()

    def files(self) -> list[LandedFile]:
        """Every landed file, in the order of landing."""
        return [_read(path) for path in sorted(self.folder.glob("*.parquet"))]

    def complete(self) -> None:
        """Note that all was read once, and remove what was read in another way (other query, cursor or key)."""
        (self.folder / COMPLETE).touch()
        for other in self.folder.parent.iterdir():
            if other != self.folder and other.is_dir():
                shutil.rmtree(other)

    def path_of(self, sequence: int) -> Path:
        """The file of one place in the order; names sort in that order."""
        return self.folder / f"{sequence:08d}.parquet"

    def land(self, table: pa.Table, sequence: int, cursor: str | None, seen: Sequence[str] = ()) -> None:
        """Write one file of text columns at once."""
        with self.writing(self.path_of(sequence), table.schema, sequence, cursor, seen) as writer:
            writer.write_table(table)

    @contextmanager
    def writing(
        self,
        path: Path,
        schema: pa.Schema,
        sequence: int,
        cursor: str | None,
        seen: Sequence[str] = (),
        *,
        keep_same: bool = False,
    ) -> Iterator[pq.ParquetWriter]:
        """A writer whose file takes its place when the block ends well, and is gone when it does not.

        With ``keep_same`` a file that holds the same rows in another order stays as it is.
        """
        part = path.with_name(path.name + PART_SUFFIX)
        state = {"sequence": sequence, "cursor": cursor, "seen": list(seen)}
        described = schema.with_metadata({METADATA: json.dumps(state).encode()})
        try:
            with pq.ParquetWriter(part, described, compression="zstd") as writer:
                yield writer
            if not (keep_same and path.exists() and same_rows(part, path)):
                put_in_place(part, path)
        except OSError as error:
            if is_full_disk(error):
                raise CrmError(f"{path.parent}: {DISK_IS_FULL}") from None
            raise
        finally:
            part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Make a finished file appear under its name, durably."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def text_schema(names: Sequence[str]) -> pa.Schema:
    """All columns as text."""
    return pa.schema([(name, pa.string()) for name in names])


def _read(path: Path) -> LandedFile:
    state: Mapping[str, Any] = json.loads((pq.read_metadata(path).metadata or {}).get(METADATA, b"{}"))
    return LandedFile(path, int(state.get("sequence", 0)), state.get("cursor"), tuple(state.get("seen", ())))
