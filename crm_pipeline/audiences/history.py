"""Who was in which audience when: one immutable Parquet file per export, never changed and never removed.

The files are no part of the warehouse that can be built anew from the sources, so they outlive it. The copy for
readers shows them as ``audiences.audience_members`` and ``audiences.audience_exports``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.audiences.members import Members
from crm_pipeline.warehouse.write_aside import write_aside

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from crm_pipeline.audiences.settings import AudienceSettings

SCHEMA = "audiences"
_KEY = b"crm_pipeline"
COLUMNS = {
    "audience": "Its name in crm.yaml.",
    "snapshot_date": "As of which snapshot it was drawn.",
    "export_number": "Counts the exports of an audience, from 1.",
    "exported_at": "When it was handed over (UTC).",
    "customer_id": "The customer.",
    "audience_group": "treated: was exported; control: was held out to compare with.",
}
"""Columns of `audience_members` and what they mean."""


@dataclass(frozen=True)
class Export:
    """What is remembered of one export beside its members."""

    audience: str
    snapshot_date: date
    export_number: int
    exported_at: datetime
    run_id: str
    target: str
    treated: int
    control: int
    content_hash: str

    @property
    def file_name(self) -> str:
        """The name of its file below `history/<audience>/`."""
        return f"{self.export_number:06d}_{self.snapshot_date}.parquet"


def content_hash(members: Members, settings: AudienceSettings) -> str:
    """Digest of what is exported, and where to: the same members with the same values have the same."""
    import io

    import pyarrow.csv as pc

    text = io.BytesIO()
    pc.write_csv(members.rows, text)
    said = repr((members.name, members.snapshot_date, settings.format, settings.path, settings.url, settings.table))
    return sha256(said.encode() + b"\0" + text.getbuffer()).hexdigest()[:24]


def exports_of(folder: Path, name: str) -> list[Export]:
    """Every export of one audience, in order; ``folder`` is the project's `warehouse/audiences`."""
    import pyarrow.parquet as pq

    found = []
    for path in sorted((folder / "history" / name).glob("*.parquet")):
        values = json.loads(pq.read_schema(path).metadata[_KEY])
        values["snapshot_date"] = date.fromisoformat(values["snapshot_date"])
        values["exported_at"] = datetime.fromisoformat(values["exported_at"])
        found.append(Export(**values))
    return found


def remember(folder: Path, export: Export, members: Members) -> Path:
    """Write the file of an export, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = members.rows.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "audience": pa.array([export.audience] * count, pa.string()),
        "snapshot_date": pa.array([export.snapshot_date] * count, pa.date32()),
        "export_number": pa.array([export.export_number] * count, pa.int32()),
        "exported_at": pa.array([export.exported_at.replace(tzinfo=None)] * count, pa.timestamp("us")),
        "customer_id": members.rows["customer_id"].cast(pa.string()),
        "audience_group": members.rows["audience_group"].cast(pa.string()),
    }
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(asdict(export), default=_text).encode()})
    path = folder / "history" / export.audience / export.file_name
    with write_aside(path) as draft:
        pq.write_table(table, draft)
    return path


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def new_export(folder: Path, members: Members, run_id: str, target: str, content: str, now: datetime) -> Export:
    """The next export of an audience."""
    before = exports_of(folder, members.name)
    held_out = members.rows.num_rows - members.treated.num_rows
    return Export(
        audience=members.name,
        snapshot_date=members.snapshot_date,
        export_number=before[-1].export_number + 1 if before else 1,
        exported_at=now.astimezone(UTC),
        run_id=run_id,
        target=target,
        treated=members.rows.num_rows - held_out,
        control=held_out,
        content_hash=content,
    )


def copy_into(connection: DuckDBPyConnection, database: str, folder: Path) -> None:
    """Show the history in an attached database, as tables with comments; nothing where nothing was exported yet."""
    files = sorted((folder / "history").glob("*/*.parquet"))
    if not files:
        return
    import pyarrow as pa

    at = f"{database}.{SCHEMA}"
    connection.execute(f"create schema if not exists {at}")
    connection.execute(
        f"create or replace table {at}.audience_members as "
        "select * from read_parquet($files::varchar[], union_by_name = true) "
        "order by audience, export_number, customer_id",
        {"files": [str(path) for path in files]},
    )
    connection.execute(f"comment on table {at}.audience_members is 'Who was in which audience when; append-only.'")
    for column, text in COLUMNS.items():
        connection.execute(f"comment on column {at}.audience_members.{column} is '{text}'")
    names = sorted({path.parent.name for path in files})
    exports = [export for name in names for export in exports_of(folder, name)]
    listed = {field.name: [getattr(export, field.name) for export in exports] for field in fields(Export)}
    listed["exported_at"] = [export.exported_at.replace(tzinfo=None) for export in exports]
    connection.register("all_exports", pa.table(listed))
    connection.execute(f"create or replace table {at}.audience_exports as select * from all_exports")
    connection.execute(f"comment on table {at}.audience_exports is 'Every export of an audience; append-only.'")
    connection.unregister("all_exports")
