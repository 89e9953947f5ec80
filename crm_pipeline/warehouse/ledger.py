"""The ledger: which version of every table stands, made of what; and content hashes.

``quality.table_versions`` gets its row in the transaction that swaps the table in, so table and ledger never disagree.
``quality.day_hashes`` splits the content hash of event tables by the day on which rows became known, so that the hash
of "what was known before D" is a sum over days. ``quality.table_hashes`` keeps the content hash of tables without parts
as the sums that it is made of: rows that go are taken off, rows that come are added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.row_hashes import RowHashes, digest, row_hash_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DDL = """
create schema if not exists quality;
create table if not exists quality.table_versions (
    version bigint not null, table_name varchar not null, snapshot_date date, content_hash varchar not null,
    input_hashes varchar not null, code_hash varchar not null, row_count bigint not null, run_id varchar not null,
    built_at timestamp not null, seconds double not null, peak_memory_mb double not null
);
create table if not exists quality.day_hashes (
    table_name varchar not null, known_date date not null, row_count bigint not null,
    hash_sum hugeint not null, hash_xor ubigint not null
);
create table if not exists quality.check_results (
    table_name varchar not null, snapshot_date date, check_name varchar not null, severity varchar not null,
    status varchar not null, observed varchar, expected varchar, failing_rows bigint, run_id varchar not null,
    checked_at timestamp not null
);
create table if not exists quality.table_profiles (
    table_name varchar not null, snapshot_date date, version bigint not null, column_name varchar not null,
    row_count bigint not null, null_share double, distinct_count bigint, minimum double, maximum double, mean double
);
create table if not exists quality.table_hashes (
    table_name varchar not null, row_count bigint not null, hash_sum hugeint not null, hash_xor ubigint not null
);
create table if not exists quality.table_changes (
    table_name varchar not null, version bigint not null, from_hash varchar not null, to_hash varchar not null,
    row_count bigint not null
);
"""

Part = date | None
REMOVED, EXPIRED = "removed", "expired"
"""The code hash of the entry that retention writes for a part it took away."""


@dataclass(frozen=True)
class Version:
    """The newest ledger entry of one table part."""

    version: int
    content_hash: str
    input_hashes: Mapping[str, str]
    code_hash: str
    row_count: int


class Ledger:
    """Reads and writes the ledger on an open connection."""

    def __init__(self, connection: DuckDBPyConnection, database: str | None = None) -> None:
        self.connection = connection
        self.database = database
        self._at = f"{database}." if database else ""

    def create(self) -> None:
        """Create the ledger's tables where they are missing."""
        self.connection.execute(DDL)

    def is_there(self) -> bool:
        """Whether the warehouse has a ledger yet."""
        sql = (
            "select count(*) from duckdb_tables() where schema_name = 'quality' and table_name = 'table_versions' "
            "and database_name = coalesce(?, current_database())"
        )
        row = self.connection.execute(sql, [self.database]).fetchone()
        return bool(row and row[0])

    def current(self) -> dict[str, dict[Part, Version]]:
        """The newest version of every part of every table."""
        if not self.is_there():
            return {}
        found: dict[str, dict[Part, Version]] = {}
        sql = (
            "select table_name, snapshot_date, version, content_hash, input_hashes, code_hash, row_count "
            f"from {self._at}quality.table_versions "
            "qualify row_number() over (partition by table_name, snapshot_date order by version desc) = 1"
        )
        for name, part, version, content, inputs, code, rows in self.connection.execute(sql).fetchall():
            if code != REMOVED:
                found.setdefault(name, {})[part] = Version(version, content, json.loads(inputs), code, rows)
        return found

    def gone(self) -> dict[str, dict[Part, str]]:
        """Content hashes of the parts that retention took away, per table, as they were last."""
        if not self.is_there():
            return {}
        sql = (
            f"with gone as (select distinct table_name, snapshot_date from {self._at}quality.table_versions "
            f"where content_hash = '{EXPIRED}'), "
            f"ever as (select * from {self._at}quality.table_versions "
            "semi join gone using (table_name, snapshot_date)) "
            "select table_name, snapshot_date, lag(content_hash) over part, content_hash from ever "
            "window part as (partition by table_name, snapshot_date order by version) "
            "qualify version = max(version) over (partition by table_name, snapshot_date)"
        )
        found: dict[str, dict[Part, str]] = {}
        for name, part, content, now in self.connection.execute(sql).fetchall():
            if now == EXPIRED:
                found.setdefault(name, {})[part] = content
        return found

    def next_version(self) -> int:
        """The number of the next ledger entry."""
        row = self.connection.execute("select coalesce(max(version), 0) + 1 from quality.table_versions").fetchone()
        assert row is not None
        return int(row[0])

    def append(
        self,
        version: int,
        table: str,
        part: Part,
        content: str,
        inputs: Mapping[str, str],
        code: str,
        rows: int,
        run_id: str,
        seconds: float,
        peak_memory_mb: float,
    ) -> None:
        """Write one entry; the caller's transaction swaps the rows."""
        self.connection.execute(
            "insert into quality.table_versions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                version,
                table,
                part,
                content,
                json.dumps(inputs, sort_keys=True),
                code,
                rows,
                run_id,
                datetime.now(UTC).replace(tzinfo=None),
                round(seconds, 3),
                round(peak_memory_mb, 1),
            ],
        )

    def remove(self, table: str, part: Part, run_id: str, *, is_expired: bool = False) -> None:
        """Write down that a part is gone, by retention when it ``is_expired``; the caller deletes its rows."""
        content = EXPIRED if is_expired else REMOVED
        self.append(self.next_version(), table, part, content, {}, REMOVED, 0, run_id, 0.0, 0.0)

    def hash_days(self, table: Table, relation: str) -> RowHashes:
        """Hash the rows of an event table per known day, for `keep_day_hashes`; returns the sums over all days."""
        self.connection.execute(
            "create or replace temporary table days_hashed as select known_date, row_count, hash_sum, hash_xor "
            f"from (select known_at::date as known_date, {row_hash_columns(table)} from {relation} group by all)"
        )
        row = self.connection.execute(
            "select coalesce(sum(row_count), 0)::bigint, coalesce(sum(hash_sum), 0), coalesce(bit_xor(hash_xor), 0) "
            "from days_hashed"
        ).fetchone()
        assert row is not None
        return RowHashes(int(row[0]), int(row[1]), int(row[2]))

    def keep_day_hashes(self, table: Table) -> None:
        """Replace the hashes per known day of a table by those that were computed last."""
        self.connection.execute("delete from quality.day_hashes where table_name = ?", [table.name])
        self.connection.execute(
            "insert into quality.day_hashes select ?, known_date, row_count, hash_sum, hash_xor from days_hashed",
            [table.name],
        )
        self.connection.execute("drop table days_hashed")

    def replace_day_hashes(self, table: Table) -> None:
        """Recompute the hashes per known day from the rows of a published event table."""
        self.hash_days(table, table.qualified_name)
        self.keep_day_hashes(table)

    def change_day_hashes(self, table: Table, removed: str, added: str) -> None:
        """Take the rows of one relation off the hashes of their days, and add those of another."""
        hashes = f"known_at::date as known_date, {row_hash_columns(table)}"
        self.connection.execute(
            "create or replace temporary table changed_days as with parts as ("
            f"select known_date, -row_count as row_count, -hash_sum as hash_sum, hash_xor "
            f"from (select {hashes} from {removed} group by all) "
            "union all select known_date, row_count, hash_sum, hash_xor "
            f"from (select {hashes} from {added} group by all)), "
            "days as (select distinct known_date from parts) "
            "select known_date, sum(row_count)::bigint as row_count, sum(hash_sum) as hash_sum, "
            "bit_xor(hash_xor) as hash_xor from (select * from parts union all "
            "select known_date, row_count, hash_sum, hash_xor from quality.day_hashes "
            "semi join days using (known_date) where table_name = $table) group by known_date",
            {"table": table.name},
        )
        self.connection.execute(
            "delete from quality.day_hashes "
            "where table_name = ? and known_date in (select known_date from changed_days)",
            [table.name],
        )
        self.connection.execute(
            "insert into quality.day_hashes select ?, known_date, row_count, hash_sum, hash_xor from changed_days "
            "where row_count > 0",
            [table.name],
        )
        self.connection.execute("drop table changed_days")

    def row_hashes(self, table: Table) -> RowHashes | None:
        """The sums behind the content hash of a table without parts; None when an older version did not keep them."""
        row = self.connection.execute(
            "select row_count, hash_sum, hash_xor from quality.table_hashes where table_name = ?", [table.name]
        ).fetchone()
        return RowHashes(int(row[0]), int(row[1]), int(row[2])) if row else None

    def set_row_hashes(self, table: Table, hashes: RowHashes) -> None:
        """Keep the sums behind the content hash of a table without parts."""
        self.connection.execute("delete from quality.table_hashes where table_name = ?", [table.name])
        self.connection.execute(
            "insert into quality.table_hashes values (?, ?, ?::hugeint, ?::ubigint)",
            [table.name, hashes.row_count, str(hashes.hash_sum), str(hashes.hash_xor)],
        )

    def as_of_hashes(self, names: Iterable[str], dates: Sequence[date]) -> dict[tuple[str, date], str]:
        """Content hash of what event tables showed before each date."""
        wanted = list(names)
        if not wanted or not dates:
            return {}
        rows = self.connection.execute(
            "with wanted as (select unnest($names::varchar[]) as table_name), "
            "days as (select unnest($dates::date[]) as d) "
            "select w.table_name, d.d, coalesce(sum(h.row_count), 0), coalesce(sum(h.hash_sum), 0)::varchar, "
            "coalesce(bit_xor(h.hash_xor), 0) from wanted as w cross join days as d "
            "left join quality.day_hashes as h on h.table_name = w.table_name and h.known_date < d.d group by all",
            {"names": wanted, "dates": list(dates)},
        ).fetchall()
        return {(name, day): digest(str(count), str(total), str(xor)) for name, day, count, total, xor in rows}
