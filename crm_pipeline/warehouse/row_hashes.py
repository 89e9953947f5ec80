"""What identifies a set of rows, whatever their order: hashes that add up, and the digest printed of them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def digest(*parts: str) -> str:
    """Short stable digest of texts."""
    return sha256("\0".join(parts).encode()).hexdigest()[:24]


def row_hash_columns(table: Table) -> str:
    """The aggregate that identifies a set of rows, whatever their order: two hashes over what is not volatile."""
    names = ", ".join(f'"{name}"' for name in table.hashed_columns)
    return (
        f"coalesce(sum(hash({names})::hugeint), 0) as hash_sum, "
        f"coalesce(bit_xor(hash('x', {names})), 0) as hash_xor, count(*) as row_count"
    )


def content_hash(row_count: int, hash_sum: int, hash_xor: int) -> str:
    """The printable content hash."""
    return digest(str(row_count), str(hash_sum), str(hash_xor))


@dataclass(frozen=True)
class RowHashes:
    """What identifies a set of rows, whatever their order; sets that share no row add up."""

    row_count: int = 0
    hash_sum: int = 0
    hash_xor: int = 0

    @property
    def content_hash(self) -> str:
        """The printable content hash."""
        return content_hash(self.row_count, self.hash_sum, self.hash_xor)

    def changed(self, removed: RowHashes, added: RowHashes) -> RowHashes:
        """The set without some of its rows and with others."""
        return RowHashes(
            self.row_count - removed.row_count + added.row_count,
            self.hash_sum - removed.hash_sum + added.hash_sum,
            self.hash_xor ^ removed.hash_xor ^ added.hash_xor,
        )


def hash_rows(connection: DuckDBPyConnection, table: Table, relation: str) -> RowHashes:
    """The hashes of a relation that has the table's columns."""
    row = connection.execute(
        f"select row_count, hash_sum, hash_xor from (select {row_hash_columns(table)} from {relation})"
    ).fetchone()
    assert row is not None
    return RowHashes(int(row[0]), int(row[1]), int(row[2]))
