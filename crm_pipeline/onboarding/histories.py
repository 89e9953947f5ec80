"""Complete order histories from files too large to read whole: a few columns, and some customers with all their orders.

A sample of lines tells how rows are typed and nothing about pauses between orders. So of large files the columns that
say who ordered what when are read once more, all lines, and only of customers whose id has a certain hash.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.ingestion.mapping import LoadedFile, source_query
from crm_pipeline.ingestion.reading.mapped_columns import read_columns
from crm_pipeline.onboarding.names import word_set
from crm_pipeline.onboarding.sampling import Sample
from crm_pipeline.onboarding.typed import TypedProject, TypedSource

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDED = word_set("order_id customer_id ordered_at net_amount quantity unit_price discount_amount line_type")
MOST_ROWS = 2_000_000
BYTES_A_SECOND = {"parquet": 500e6, "csv": 100e6}
"""What a small machine reads; a source that would take longer than allowed is not tried."""


def read_histories(typed: TypedProject, seconds: float) -> float | None:
    """Replace the sampled rows of order sources by complete histories, for as many customers as fit.

    Returns:
        The share of customers that are read, 1 when nothing had to be left out; None when it cannot be done in
        ``seconds``, and the samples stay.
    """
    sources = [source for source in typed.of("orders", "order_lines") if not _is_known(typed, source)]
    if not sources:
        return 1.0
    if not all(_may_be_read(source) for source in sources) or _cost(sources) > seconds:
        return None
    every = max(1, ceil(sum(_rows(source) for source in sources) / MOST_ROWS))
    timer = Timer(seconds, typed.connection.interrupt)
    timer.start()
    try:
        with TemporaryDirectory() as folder:
            for source in sources:
                _read(typed, source, Path(folder), every)
    except duckdb.Error:  # too slow, or a file that only the careful readers can read
        return None
    finally:
        timer.cancel()
    return 1 / every


def _is_known(typed: TypedProject, source: TypedSource) -> bool:
    """Whether the samples say all about who ordered when: they are whole, or its orders are another source's matter.

    A file that cannot be read says nothing either way; it is told apart.
    """
    return all(sample.is_whole for sample in source.samples) or source.source.join is not None


def _may_be_read(source: TypedSource) -> bool:
    customer = source.source.columns.get("customer_id")
    is_plain = customer is not None and customer.column is not None
    return is_plain and source.source.extraction is None and all(_is_plain(sample) for sample in source.samples)


def _is_plain(sample: Sample) -> bool:
    facts = sample.facts
    return facts.kind == "parquet" or (
        facts.kind == "csv" and facts.encoding == "utf-8" and facts.delimiter is not None
    )


def _cost(sources: list[TypedSource]) -> float:
    samples = [sample for source in sources for sample in source.samples]
    return sum(sample.path.stat().st_size / BYTES_A_SECOND[sample.facts.kind] for sample in samples)


def _rows(source: TypedSource) -> int:
    """About how many rows the files hold."""
    total = 0
    for sample in source.samples:
        if sample.facts.kind == "parquet":
            from pyarrow import parquet

            total += parquet.read_metadata(sample.path).num_rows
        else:
            text = sum(sample.rows.column(name).nbytes for name in sample.facts.names)
            total += int(sample.path.stat().st_size * sample.rows.num_rows / max(text, 1))
    return total


def _read(typed: TypedProject, source: TypedSource, folder: Path, every: int) -> None:
    columns = {name: item for name, item in source.source.columns.items() if name in NEEDED}
    thin = source.source.model_copy(update={"columns": columns, "rules": {}})
    wanted = list(dict.fromkeys(name for item in thin.reads.values() for name in read_columns(item)))
    customer = columns["customer_id"].column
    files: list[LoadedFile] = []
    for sample in source.samples:
        names = {name.lower(): name for name in sample.facts.names}
        chosen = [names[name.lower()] for name in wanted if name.lower() in names]
        copy = folder / f"{source.name} {len(files)}.parquet"
        texts = ", ".join(f"cast({_quoted(name)} as varchar) as {_quoted(name)}" for name in chosen)
        where = f"hash(trim(cast({_quoted(names[str(customer).lower()])} as varchar))) % {every} = 0"
        typed.connection.execute(
            f"copy (select 0::bigint as __position, null::varchar as __broken, {texts} "
            f"from {_relation(source, sample)} where {where}) to {_literal(copy)} (format parquet, compression snappy)"
        )
        files.append(LoadedFile(sample.path.name, copy, _loaded_at(typed.connection, source)))
    needless = [column.name for column in source.entity.columns if column.name not in columns]
    query = source_query(source.entity.not_needing(*needless), source.name, thin, files, typed.project.time_zone)
    table = f'"histories of {source.name}"'
    typed.connection.execute(f"create or replace table {table} as select * from ({query}) where verdict = 'clean'")
    source.histories = table


def _loaded_at(connection: DuckDBPyConnection, source: TypedSource) -> datetime:
    row = connection.execute(f"select max(loaded_at) from {source.table}").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def _relation(source: TypedSource, sample: Sample) -> str:
    if sample.facts.kind == "parquet":
        return f"read_parquet({_literal(sample.path)})"
    columns = ", ".join(f"{_literal(name)}: 'varchar'" for name in sample.facts.names)
    read = source.source.read
    return (
        f"read_csv({_literal(sample.path)}, auto_detect = false, header = {str(read.header is True).lower()}, "
        f"skip = {read.skip_lines}, delim = {_literal(sample.facts.delimiter or ',')}, quote = {_literal(read.quote)}, "
        f"columns = {{{columns}}}, ignore_errors = true)"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"
