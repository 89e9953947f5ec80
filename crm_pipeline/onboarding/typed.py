"""The sources of a project, typed as a run would type them: from samples, and without writing into the project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.entity import Entity
from crm_pipeline.ingestion.mapping import LEFT_OUT, ORDER_HEADERS, LoadedFile, source_query
from crm_pipeline.ingestion.reading.mapped_columns import check_columns
from crm_pipeline.onboarding.sampling import Sample, bytes_per_file, read_sample
from crm_pipeline.project import Project, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HEADER_COLUMNS = "source, order_id, customer_id, ordered_at, known_at"


@dataclass
class TypedSource:
    """One source of a project as its sample shows it.

    ``table`` holds the staged columns of the sampled rows, ``None`` when nothing could be read; ``problems`` are what
    kept files from being read, one message each. ``file_names`` are all files of the source. ``histories`` holds, where
    the sample is only a part, who ordered when for some customers, completely.
    """

    name: str
    source: Source
    entity: Entity
    file_names: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    table: str | None = None
    histories: str | None = None

    @property
    def orders_table(self) -> str | None:
        """The table to count orders in."""
        return self.histories or self.table

    @property
    def is_whole(self) -> bool:
        """Whether the sample is everything that the source has."""
        return all(sample.is_whole for sample in self.samples) and not self.problems


@dataclass
class TypedProject:
    """All sources of a project on a connection of their own."""

    project: Project
    connection: DuckDBPyConnection
    sources: dict[str, TypedSource]

    def of(self, *entities: str) -> list[TypedSource]:
        """The sources of these entities that could be read."""
        return [s for s in self.sources.values() if s.source.entity in entities and s.table is not None]

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """The result of a query."""
        return self.connection.execute(sql, list(values)).fetchall()


@contextmanager
def typed_project(project: Project, now: datetime) -> Iterator[TypedProject]:
    """Sample and type every source; ``now`` (aware) is the time of loading."""
    loaded_at = now.astimezone(project.zone).replace(tzinfo=None, microsecond=0)
    with TemporaryDirectory() as folder, closing(duckdb.connect(":memory:")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        found = {name: _sampled(project, name) for name in sorted(project.sources)}
        budget = bytes_per_file(sum(len(paths) for _, paths in found.values()))
        typed = TypedProject(project, connection, {name: item for name, (item, _) in found.items()})
        for name in sorted(found, key=lambda name: (project.sources[name].join is not None, name)):
            item, paths = found[name]
            _read(item, paths, budget)
            if project.sources[name].join is not None:
                _make_headers(typed)
            if item.samples:
                _type(typed, item, Path(folder), loaded_at)
        yield typed


def _sampled(project: Project, name: str) -> tuple[TypedSource, list[Path]]:
    item = TypedSource(name, project.sources[name], project.entity_of(name))
    try:
        paths = project.source_files(name)
    except UserError as error:
        item.problems.append(str(error))
        return item, []
    base = project.source_base(name)
    item.file_names = [path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name for path in paths]
    return item, paths


def _read(item: TypedSource, paths: Sequence[Path], budget: int) -> None:
    for path in paths:
        try:
            sample = read_sample(path, item.source.read, budget)
            check_columns(path, item.name, item.source.reads, sample.facts.names)
        except UserError as error:
            item.problems.append(str(error))
        else:
            item.samples.append(sample)


def _make_headers(typed: TypedProject) -> None:
    """The view in which lines find their orders, of what the samples hold."""
    selects = [f"select {HEADER_COLUMNS} from {s.table} where verdict = 'clean'" for s in typed.of("orders")]
    empty = "select null::varchar as source, null::varchar as order_id, null::varchar as customer_id, "
    selects.append(f"{empty} null::timestamp as ordered_at, null::timestamp as known_at where false")
    typed.connection.execute(
        f"create or replace temporary view {ORDER_HEADERS} as "
        f"select * from ({' union all '.join(selects)}) "
        "qualify row_number() over (partition by source, order_id order by known_at, ordered_at, customer_id) = 1"
    )


def _type(typed: TypedProject, item: TypedSource, folder: Path, loaded_at: datetime) -> None:
    import pyarrow.parquet as pq

    number = len(list(folder.iterdir()))
    files = []
    for sample, file_name in zip(item.samples, _names(item), strict=True):
        copy = folder / f"{number}.parquet"
        pq.write_table(sample.rows, copy)
        files.append(LoadedFile(file_name, copy, loaded_at))
        number += 1
    table = f'"typed {item.name}"'
    query = source_query(item.entity, item.name, item.source, files, typed.project.time_zone)
    try:
        typed.connection.execute(f"create table {table} as select * from ({query}) where verdict <> '{LEFT_OUT}'")
    except duckdb.Error as error:
        # what DuckDB says may quote values
        item.problems.append(f"sources.{item.name}: cannot be typed ({type(error).__name__}); look at its expressions")
    else:
        item.table = table


def _names(item: TypedSource) -> list[str]:
    """The names of the files that could be read."""
    read = {sample.path.name for sample in item.samples}
    return [name for name in item.file_names if Path(name).name in read]
