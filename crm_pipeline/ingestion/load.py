"""Builds the load manifest: copies what is new, keeps what was known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from crm_pipeline.contract.catalog import INGESTION_STAGE
from crm_pipeline.contract.table import Table
from crm_pipeline.errors import UserError
from crm_pipeline.ingestion import source_files
from crm_pipeline.ingestion.reading.copy import copy_name, sha256_of, write_copy
from crm_pipeline.ingestion.reading.drift import schema_changes
from crm_pipeline.ingestion.reading.mapped_columns import check_columns, check_copy, copied_names
from crm_pipeline.project import Project
from crm_pipeline.warehouse.as_of import qualified_from
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.incremental import Basis
from crm_pipeline.warehouse.row_hashes import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOURCE_FILES = replace(source_files.TABLE, stage=INGESTION_STAGE)

Key: TypeAlias = tuple[str, str, str]
"""Source, file name and digest: what identifies a row of the manifest."""
Row: TypeAlias = dict[str, Any]
UNKNOWN = {"copy_name": "''", "read_as": "''"}
"""What stands for columns that a manifest of an earlier version does not have; its files are copied again."""


@dataclass(frozen=True)
class SourceFilesRecipe:
    """Computes ``source_files``. ``now`` is the time of loading: time is an argument."""

    project: Project
    raw_files: Path
    now: Callable[[], datetime]

    @property
    def table(self) -> Table:
        """The contract."""
        return SOURCE_FILES

    @property
    def upstream(self) -> Sequence[Table]:
        """None: the manifest starts the chain."""
        return ()

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Tables that must be built before: none."""
        return ()

    @property
    def code_hash(self) -> str:
        """Changes with the contract."""
        return digest(repr(self.table.columns))

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """Per source the digest of its files and of what crm.yaml says about loading them."""
        return {f"source {name}": self._source_hash(name) for name in sorted(self.project.sources)}

    def _source_hash(self, name: str) -> str:
        source = self.project.sources[name]
        files = [f"{self._file_name(name, path)}={sha256_of(path)}" for path in self.project.source_files(name)]
        return digest(source.entity, str(self._data_through(name)), copy_name("", source.read), *files)

    def _data_through(self, name: str) -> object:
        return self.project.sources[name].data_through or self.project.data_through

    def _file_name(self, name: str, path: Path) -> str:
        base = self.project.source_base(name)
        return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Copy every file whose content is new; the manifest keeps a row for each content ever read."""
        loaded_at = self.now().astimezone(self.project.zone).replace(tzinfo=None, microsecond=0)
        known = self._known(connection)
        rows: dict[Key, Row] = dict(known)
        current: set[Key] = set()
        for name in sorted(self.project.sources):
            source = self.project.sources[name]
            lines = 0
            for path in self.project.source_files(name):
                file_name, sha = self._file_name(name, path), sha256_of(path)
                key = (name, file_name, sha)
                progress(f"{SOURCE_FILES.name} {file_name}")
                row = self._loaded(path, key, rows)
                row["loaded_at"] = known[key]["loaded_at"] if key in known else loaded_at
                progress(f"{SOURCE_FILES.name} {file_name}: {row['read_as']}")
                rows[key] = row
                current.add(key)
                lines += int(str(row["row_count"]))
            if not lines and source.entity in ("order_lines", "orders"):
                raise UserError(
                    f"{self.project.folder / 'crm.yaml'}: sources.{name}: the files hold no rows; "
                    f"expected {source.entity}"
                )
        replaced = {(name, file_name) for name, file_name, _ in current}
        create_candidate(connection, SOURCE_FILES)
        marks = ", ".join("?" for _ in SOURCE_FILES.columns)
        for key, row in sorted(rows.items(), key=lambda item: item[0]):
            row["is_current"] = key in current or (
                (key[0], key[1]) not in replaced and bool(row["is_current"]) and self._outlives_its_file(key[0])
            )
            if row["is_current"] and not row["copy_name"]:
                raise UserError(
                    f"{self.project.source_base(key[0]) / key[1]}: this file was read by an earlier version of "
                    "crm_pipeline, whose copies cannot be read any more; put the file back and run again, or take its "
                    f"rows out by removing {self.project.warehouse_folder} and loading everything anew"
                )
            connection.execute(
                f"insert into {candidate_name(SOURCE_FILES)} values ({marks})",
                [row[column] for column in SOURCE_FILES.column_names],
            )

    def _outlives_its_file(self, name: str) -> bool:
        """Whether rows stay when their file goes: delivered files are moved away, landed ones go only when replaced."""
        return name in self.project.sources and self.project.sources[name].extraction is None

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """False: the manifest is small."""
        return False

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Nothing: the manifest is what the next load starts from."""

    def _loaded(self, path: Path, key: Key, rows: Mapping[Key, Row]) -> Row:
        """The manifest's row of one file; it is copied unless a copy by this reader, with these settings, is there."""
        name, file_name, sha = key
        source = self.project.sources[name]
        target = self.raw_files / copy_name(sha, source.read)
        before = rows.get(key)
        if before is not None and before["copy_name"] == target.name and target.exists():
            check_copy(path, name, source.reads, target)
            return {**before, "is_current": True, "data_through": self._data_through(name)}
        former = self._former_copy(key, rows)
        own = {
            "source": name,
            "entity": source.entity,
            "file_name": file_name,
            "sha256": sha,
            "copy_name": target.name,
            "is_current": True,
            "data_through": self._data_through(name),
        }
        twin = next((r for r in rows.values() if (r["copy_name"], r["file_name"]) == (target.name, file_name)), None)
        if twin is not None and target.exists():  # another source reads the same file in the same way
            check_copy(path, name, source.reads, target)
            return {**twin, **own, "schema_changes": _changes(former, target)}
        return {**own, **self._copied(path, name, target, former)}

    def _copied(self, path: Path, name: str, target: Path, former: Path | None) -> Row:
        """Copy a file; what the manifest says about the copy."""
        source = self.project.sources[name]
        names = copied_names(former) if former else ()
        try:
            copied = write_copy(
                path, source.read, target, lambda found: check_columns(path, name, source.reads, found, names)
            )
        except UserError as error:
            if f"sources.{name}" in str(error):
                raise
            raise UserError(f"{error} (source {name!r})") from error
        lines = copied.lines
        return {
            "read_as": copied.facts.summary,
            "byte_count": path.stat().st_size,
            "row_count": copied.row_count,
            "line_count": lines.total if lines else None,
            "skipped_line_count": lines.skipped if lines else None,
            "record_line_count": lines.of_records if lines else None,
            "rejected_line_count": lines.rejected if lines else None,
            "schema_changes": _changes(former, target),
        }

    def _former_copy(self, key: Key, rows: Mapping[Key, Row]) -> Path | None:
        """The copy to compare a new content with: of the same file, else of the source's file loaded last."""
        of_source = [row for other, row in rows.items() if other[0] == key[0] and other != key and row["is_current"]]
        same = [row for row in of_source if row["file_name"] == key[1]]
        newest = max(same or of_source, key=lambda row: (str(row.get("loaded_at")), row["file_name"]), default=None)
        copy = self.raw_files / str(newest["copy_name"]) if newest else None
        return copy if copy is not None and copy.is_file() else None

    def _known(self, connection: DuckDBPyConnection) -> dict[Key, Row]:
        location = qualified_from(connection, SOURCE_FILES)
        if location is None:
            return {}
        names = SOURCE_FILES.column_names
        stored = {row[0] for row in connection.execute(f"describe {location}").fetchall()}
        wanted = ", ".join(
            f'"{name}"' if name in stored else f'{UNKNOWN.get(name, "null")} as "{name}"' for name in names
        )
        rows = connection.execute(f"select {wanted} from {location}").fetchall()
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return {(row["source"], row["file_name"], row["sha256"]): row for row in found}


def _changes(former: Path | None, target: Path) -> list[dict[str, Any]] | None:
    """How a copy's columns differ from those of the former one; None without one."""
    return [asdict(change) for change in schema_changes(former, target)] if former else None
