"""REST services: all pages of one load land as one file, so that a load that is cut off leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors.documents import Gathered, check_mapped, check_records, land_gathered
from crm_pipeline.ingestion.connectors.extraction import needs
from crm_pipeline.ingestion.connectors.identity import CURSOR, DIGEST, Landed
from crm_pipeline.ingestion.connectors.landing import SNAPSHOT, Landing
from crm_pipeline.ingestion.connectors.secrets import Secrets
from crm_pipeline.ingestion.connectors.settings import RestCursor
from crm_pipeline.ingestion.connectors.texts import at_path
from crm_pipeline.ingestion.reading.flatten import NotARecordError, as_text

if TYPE_CHECKING:
    from crm_pipeline.project import Source


def land(source_name: str, source: Source, landing: Landing, secrets: Secrets, tell: Callable[[int], None]) -> int:
    """Land what changed since the cursor that was reached, or, without a cursor, all of it as one file."""
    assert source.extract is not None and source.extract.rest is not None
    for package in ("requests", "tenacity"):
        if find_spec(package) is None:
            raise needs("rest", package)
    from crm_pipeline.ingestion.connectors.http import Service
    from crm_pipeline.ingestion.connectors.paging import pages

    settings = source.extract.rest
    cursor = settings.cursor
    before = landing.files() if cursor is not None else []
    sequence = before[-1].sequence + 1 if before else 1
    reached = before[-1].cursor if before else None
    path = landing.folder / SNAPSHOT if cursor is None else None
    problem: CrmError
    try:
        with (
            Service(source_name, settings, secrets) as service,
            Gathered(landing.folder, sequence, settings.key, settings.explode) as gathered,
            Landed([file.path for file in before], CURSOR, digest=DIGEST) as known,
        ):
            for records in pages(service, _since(cursor, reached, source_name)):
                for record in records:
                    value = None if cursor is None else _cursor_of(record, cursor, source_name)
                    gathered.add(record, value)
                    reached = value if reached is None or _later(value, reached) else reached
                tell(gathered.documents)
            landed = land_gathered(gathered, landing, source, known, reached, path)
        check_mapped(source_name, source, landing)
        return landed
    except NotARecordError as error:
        problem = check_records(source_name, error)
    raise problem


def _since(cursor: RestCursor | None, reached: str | None, source_name: str) -> dict[str, str]:
    """The parameter that asks for what changed since the cursor that was reached."""
    if cursor is None:
        return {}
    if reached is None:
        return {} if cursor.start is None else {cursor.param: cursor.start}
    if cursor.format is None and not cursor.overlap_minutes:
        return {cursor.param: reached}
    moment = _moment(reached)
    if moment is None:
        raise UserError(
            f"sources.{source_name}.extract.rest.cursor: `format` and `overlap_minutes` are for times, "
            f"and {cursor.field} is none"
        )
    moment -= timedelta(minutes=cursor.overlap_minutes)
    if cursor.format is not None:
        return {cursor.param: moment.strftime(cursor.format)}
    return {cursor.param: moment.isoformat().replace("+00:00", "Z" if reached.endswith("Z") else "+00:00")}


def _cursor_of(record: Any, cursor: RestCursor, source_name: str) -> str:
    value = as_text(at_path(record, cursor.field)) if isinstance(record, Mapping) else None
    if not value:
        raise UserError(f"sources.{source_name}.extract.rest.cursor: a record has no {cursor.field!r}; check `field`")
    return value


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _later(value: str | None, reached: str) -> bool:
    """Whether a cursor lies behind another: as numbers, as times, else as text."""
    if value is None:
        return False
    try:
        return Decimal(value) > Decimal(reached)
    except InvalidOperation:
        pass
    one, other = _moment(value), _moment(reached)
    return one > other if one is not None and other is not None else value > reached
