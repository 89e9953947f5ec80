"""Builds the load manifest: copies what is new, keeps what was known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.contract.catalog import INGESTION_STAGE
from crm_pipeline.contract.table import Table
from crm_pipeline.errors import UserError
from crm_pipeline.ingestion import source_files
from crm_pipeline.ingestion.copy import check_copy, copy_file, sha256_of
from crm_pipeline.project import Project
from crm_pipeline.warehouse.as_of import qualified_from
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.ledger import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOURCE_FILES = replace(source_files.TABLE, stage=INGESTION_STAGE)


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
        return digest(source.entity, str(self._data_through(name)), *files)

    def _data_through(self, name: str) -> object:
        return self.project.sources[name].data_through or self.project.data_through

    def _file_name(self, name: str, path: Path) -> str:
        base = self.project.source_base(name)
        return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Copy every file whose content is new; the manifest keeps a row for each content ever read."""
        loaded_at = self.now().astimezone(self.project.zone).replace(tzinfo=None, microsecond=0)
        known = self._known(connection)
        rows: dict[tuple[str, str, str], tuple[object, ...]] = dict(known)
        current: set[tuple[str, str, str]] = set()
        for name in sorted(self.project.sources):
            source = self.project.sources[name]
            lines = 0
            for path in self.project.source_files(name):
                file_name, sha = self._file_name(name, path), sha256_of(path)
                key = (name, file_name, sha)
                target = self.raw_files / f"{sha}.parquet"
                progress(f"{SOURCE_FILES.name} {file_name}")
                if key not in known or not target.exists():
                    count = copy_file(path, name, source, target)
                else:
                    count = int(str(known[key][5]))
                    check_copy(path, name, source, target)
                first_loaded = known[key][8] if key in known else loaded_at
                rows[key] = (
                    name,
                    source.entity,
                    file_name,
                    sha,
                    path.stat().st_size,
                    count,
                    True,
                    self._data_through(name),
                    first_loaded,
                )
                current.add(key)
                lines += count
            if not lines and source.entity in ("order_lines", "orders"):
                raise UserError(
                    f"{self.project.folder / 'crm.yaml'}: sources.{name}: the files hold no rows; "
                    f"expected {source.entity}"
                )
        replaced = {(name, file_name) for name, file_name, _ in current}
        create_candidate(connection, SOURCE_FILES)
        marks = ", ".join("?" for _ in SOURCE_FILES.columns)
        for key, values in sorted(rows.items()):
            is_current = key in current or (
                (key[0], key[1]) not in replaced and bool(values[6]) and self._outlives_its_file(key[0])
            )
            connection.execute(
                f"insert into {candidate_name(SOURCE_FILES)} values ({marks})", [*values[:6], is_current, *values[7:]]
            )

    def _outlives_its_file(self, name: str) -> bool:
        """Whether rows stay when their file goes: delivered files are moved away, landed ones go only when replaced."""
        return name in self.project.sources and self.project.sources[name].extraction is None

    def _known(self, connection: DuckDBPyConnection) -> dict[tuple[str, str, str], tuple[object, ...]]:
        location = qualified_from(connection, SOURCE_FILES)
        if location is None:
            return {}
        names = ", ".join(SOURCE_FILES.column_names)
        rows = connection.execute(f"select {names} from {location}").fetchall()
        return {(row[0], row[2], row[3]): row for row in rows}
