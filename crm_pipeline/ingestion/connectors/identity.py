"""Which rows of a load are new: a key and a version for each, and rows that were landed before are left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from crm_pipeline.errors import UserError

KEY, VERSION, DIGEST, CURSOR = "__key", "__version", "__digest", "__cursor"
ORDINAL = "__ordinal"
MEMORY = "1GB"
VERSIONS_PER_FILE = 1_000_000_000


def quoted(name: str) -> str:
    """A column's name in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def engine() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, which puts no rows on a disk."""
    return duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": ""})


def with_identity(table: pa.Table, key: Sequence[str], sequence: int) -> pa.Table:
    """The rows with a digest of their key (null where a part of it is) and a version that grows with every row read."""
    ordinals = pa.array(range(1, table.num_rows + 1), pa.int64())
    numbered = table.append_column(ORDINAL, ordinals)
    names = ", ".join(quoted(name) for name in table.column_names)
    parts = ", ".join(quoted(name) for name in key)
    known = " and ".join(f"{quoted(name)} is not null" for name in key)
    digest = f"case when {known} then md5(to_json([{parts}])) end" if key else "cast(null as varchar)"
    with engine() as connection:
        connection.register("rows", numbered)
        return connection.sql(
            f"select {names}, {digest} as {KEY}, "
            f"cast($first + {ORDINAL} as varchar) as {VERSION} from rows order by {ORDINAL}",
            params={"first": sequence * VERSIONS_PER_FILE},
        ).to_arrow_table()


def check_unique(table: pa.Table, key: Sequence[str], source_name: str) -> None:
    """UserError when two rows of one reading share a key: the later would hide the earlier."""
    with engine() as connection:
        connection.register("rows", table)
        row = connection.execute(f"select count({KEY}) - count(distinct {KEY}) from rows").fetchone()
    if row and row[0]:
        raise UserError(not_unique(source_name, key))


def not_unique(source_name: str, key: Sequence[str]) -> str:
    """What to say about a key that does not identify a row."""
    return (
        f"sources.{source_name}.extract: several rows have the same {', '.join(key)}, so `key` does not identify "
        "a row; add the columns that tell them apart"
    )


class Landed:
    """The rows of a source that were landed before this load, to tell again-read rows from new ones.

    Reading begins at the cursor that was reached, that value included, so some rows come a second time. Of each
    distinct row as many are dropped as were landed: identical rows of the source are neither lost nor doubled.
    ``digest`` names a column that identifies what was read; without it a row is told by all of its values.
    """

    def __init__(self, files: Sequence[Path], cursor: str, digest: str | None = None) -> None:
        self._files = [str(path) for path in files]
        self._cursor = quoted(cursor)
        self._digest = digest
        self._connection = engine()
        self._connection.execute("create table dropped (digest varchar, times bigint)")

    def __enter__(self) -> Landed:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def new_rows(self, table: pa.Table) -> pa.Table:
        """The rows (with identity) that were not landed before."""
        if not self._files or not table.num_rows:
            return table
        source = "read_parquet($files, union_by_name = true)"
        columns = self._connection.execute(f"describe select * from {source}", {"files": self._files}).fetchall()
        shared = [name for name, *_ in columns if name in table.column_names and name not in (KEY, VERSION)]
        whole = "md5(to_json({" + ", ".join(f"{quoted(name)}: {quoted(name)}" for name in shared) + "}))"
        digest = whole if self._digest is None else quoted(self._digest)
        connection = self._connection
        names = ", ".join(quoted(name) for name in table.column_names)
        connection.register("rows", table.append_column(ORDINAL, pa.array(range(table.num_rows), pa.int64())))
        connection.execute(
            f"create or replace temporary table known as select {digest} as digest, count(*) as times "
            f"from {source} where {self._cursor} in (select {self._cursor} from rows) group by digest",
            {"files": self._files},
        )
        connection.execute(
            "create or replace temporary table again as "
            f"with read as (select {ORDINAL} as place, {digest} as digest, "
            f"row_number() over (partition by {digest} order by {ORDINAL}) as nth from rows) "
            "select place, digest from read join known using (digest) "
            "left join (select digest, sum(times) as times from dropped group by digest) as gone using (digest) "
            "where nth <= known.times - coalesce(gone.times, 0)"
        )
        connection.execute("insert into dropped select digest, count(*) from again group by digest")
        found = connection.sql(
            f"select {names} from rows where {ORDINAL} not in (select place from again) order by {ORDINAL}"
        ).to_arrow_table()
        connection.unregister("rows")
        return found


def same_rows(one: Path, other: Path) -> bool:
    """Whether two files hold the same rows in any order."""
    with engine() as connection:
        found = []
        for path in (one, other):
            source = "read_parquet($path)"
            names = connection.execute(f"describe select * from {source}", {"path": str(path)}).fetchall()
            columns = [name for name, *_ in names if name not in (KEY, VERSION, DIGEST, CURSOR)]
            row = "to_json([" + ", ".join(quoted(name) for name in columns) + "])"
            digests = f"select hash({row}) as digest from {source}"
            totals = connection.execute(
                f"select count(*), sum(digest::hugeint), bit_xor(digest) from ({digests})", {"path": str(path)}
            ).fetchone()
            found.append((columns, totals))
    return found[0] == found[1]
