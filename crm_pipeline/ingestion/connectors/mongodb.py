"""Collections of MongoDB, streamed in the order of the cursor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors.documents import Gathered, check_mapped, check_records, land_gathered
from crm_pipeline.ingestion.connectors.extraction import needs
from crm_pipeline.ingestion.connectors.identity import CURSOR, DIGEST, Landed
from crm_pipeline.ingestion.connectors.landing import SNAPSHOT, Landing
from crm_pipeline.ingestion.connectors.secrets import Secrets
from crm_pipeline.ingestion.connectors.settings import MongoExtract
from crm_pipeline.ingestion.connectors.texts import at_path, plain, to_text
from crm_pipeline.ingestion.reading.flatten import NotARecordError
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    import pymongo
    from pydantic import SecretStr

    from crm_pipeline.project import Source

FILE_DOCUMENTS = 100_000
BATCH_DOCUMENTS = 5_000
TELL_EVERY = 10_000
CONNECT_MILLISECONDS = 10_000
SOCKET_MILLISECONDS = 600_000
UNAUTHORIZED, AUTHENTICATION_FAILED, BAD_CREDENTIALS = 13, 18, 8000


def land(source_name: str, source: Source, landing: Landing, secrets: Secrets, tell: Callable[[int], None]) -> int:
    """Land the documents that are new since the cursor that was reached, or, without a cursor, all as one file."""
    assert source.extract is not None and source.extract.mongodb is not None
    settings = source.extract.mongodb
    try:
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError
    except ModuleNotFoundError:
        raise needs("mongodb", "pymongo") from None
    client = _client(secrets.resolve(settings.url, in_url=True), source_name)
    problem: CrmError
    try:
        landed = Reading(source_name, source, settings, client, landing, tell).land()
        check_mapped(source_name, source, landing)
        return landed
    except NotARecordError as error:
        problem = check_records(source_name, error)
    except (PyMongoError, BSONError) as error:
        problem = _explained(error, source_name)
    finally:
        client.close()
    raise problem


def _client(url: SecretStr, source_name: str) -> pymongo.MongoClient[Any]:
    """A client, which connects when it is first used; UserError for an address that cannot be one."""
    import pymongo
    from pymongo.errors import PyMongoError

    try:
        return pymongo.MongoClient(
            url.get_secret_value(),
            serverSelectionTimeoutMS=CONNECT_MILLISECONDS,
            socketTimeoutMS=SOCKET_MILLISECONDS,
            tz_aware=True,
            appname="crm_pipeline",
        )
    except (PyMongoError, ValueError) as error:
        first = next(iter(str(error).splitlines()), "")
    raise UserError(f"sources.{source_name}.extract.mongodb: `url` cannot be used ({first})")


class Reading:
    """One pass over a collection."""

    def __init__(
        self,
        source_name: str,
        source: Source,
        settings: MongoExtract,
        client: Any,
        landing: Landing,
        tell: Callable[[int], None],
    ) -> None:
        from bson import json_util
        from bson.codec_options import CodecOptions, DatetimeConversion

        self.where = f"sources.{source_name}.extract"
        self.source, self.settings, self.landing, self.tell = source, settings, landing, tell
        database = client[settings.database]
        names = database.list_collection_names(authorizedCollections=True, nameOnly=True)
        if settings.collection not in names:
            raise UserError(
                f"{self.where}: the database {settings.database!r} has no collection "
                f"{settings.collection!r}{closest(settings.collection, names)}"
            )
        options: Any = CodecOptions(
            tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO, type_registry=_registry()
        )
        self.collection = database.get_collection(settings.collection, codec_options=options)
        self.filter = json_util.loads(json.dumps(settings.filter, default=str))  # {"$date": ...} and the like
        self.read = 0

    def land(self) -> int:
        """Land file after file; returns the number of rows."""
        cursor = self.settings.cursor
        if cursor is None:
            return self._land_whole()
        self._check_cursor(cursor)
        before = self.landing.files()
        sequence = before[-1].sequence if before else 0
        documents = self._since(cursor, before[-1].cursor if before else None)
        landed = 0
        with Landed([file.path for file in before], CURSOR, digest=DIGEST) as known:
            while True:
                sequence += 1
                with Gathered(self.landing.folder, sequence, self.settings.key, self.settings.explode) as gathered:
                    last = self._gather(gathered, documents, cursor)
                    if not gathered.documents:
                        return landed
                    landed += land_gathered(gathered, self.landing, self.source, known, _stored(last))

    def _land_whole(self) -> int:
        documents = iter(self.collection.find(self.filter).sort("_id", 1).batch_size(BATCH_DOCUMENTS))
        with (
            Gathered(self.landing.folder, 0, self.settings.key, self.settings.explode) as gathered,
            Landed([], CURSOR) as nothing,
        ):
            while self._gather(gathered, documents, None) is not None:
                continue
            path = self.landing.folder / SNAPSHOT
            return land_gathered(gathered, self.landing, self.source, nothing, None, path)

    def _gather(self, gathered: Gathered, documents: Iterator[Mapping[str, Any]], cursor: str | None) -> Any:
        """Take documents until the file is full or there are no more; returns the last one's cursor (or itself)."""
        last: Any = None
        for number, document in enumerate(documents, start=1):
            last = document if cursor is None else at_path(document, cursor)
            gathered.add(plain(document), None if cursor is None else to_text(last))
            self.read += 1
            if self.read % TELL_EVERY == 0:
                self.tell(self.read)
            if number == FILE_DOCUMENTS:
                break
        return last

    def _since(self, cursor: str, start: str | None) -> Iterator[Mapping[str, Any]]:
        wanted: dict[str, Any] = dict(self.filter)
        if start is not None:
            value = _restored(start)
            if self.settings.overlap_minutes:
                if not isinstance(value, datetime):
                    raise UserError(f"{self.where}: `overlap_minutes` needs a cursor that is a time")
                value -= timedelta(minutes=self.settings.overlap_minutes)
            wanted = {"$and": [wanted, {cursor: {"$gte": value}}]}
        order = [(cursor, 1)] if cursor == "_id" else [(cursor, 1), ("_id", 1)]
        return iter(self.collection.find(wanted).sort(order).allow_disk_use(True).batch_size(BATCH_DOCUMENTS))

    def _check_cursor(self, cursor: str) -> None:
        """UserError for documents that a range of the cursor would never find: without a value, or of another type."""
        first = self.collection.find_one({"$and": [self.filter, {cursor: {"$ne": None}}]})
        kind = _kind(at_path(first, cursor)) if first is not None else None
        other = {"$and": [self.filter, {cursor: {"$not": {"$type": kind}} if kind else None}]}
        if self.collection.find_one(other) is not None:
            raise UserError(
                f"{self.where}: some documents have no {cursor}, or one of another type than the others, and would "
                "never be read; choose a cursor that every document has, or leave them out with `filter`"
            )


def _kind(value: Any) -> str:
    """MongoDB's name for the type that a cursor has."""
    kinds: tuple[tuple[Any, str], ...] = ((bool, "bool"), (str, "string"), ((int, float, Decimal), "number"))
    found = next((name for kind, name in kinds if isinstance(value, kind)), None)
    return found or ("objectId" if type(value).__name__ == "ObjectId" else "date")


def _registry() -> Any:
    from bson.codec_options import TypeDecoder, TypeRegistry
    from bson.decimal128 import Decimal128

    class AsDecimal(TypeDecoder):
        """Decimals as Python has them."""

        bson_type = Decimal128

        def transform_bson(self, value: Any) -> Decimal:
            return Decimal(str(value))

    return TypeRegistry([AsDecimal()])


def _stored(value: Any) -> str:
    """A cursor as extended JSON: its type is a part of it."""
    from bson import json_util
    from bson.decimal128 import Decimal128

    value = Decimal128(value) if isinstance(value, Decimal) else value
    return json_util.dumps({"cursor": value}, json_options=json_util.CANONICAL_JSON_OPTIONS)


def _restored(text: str) -> Any:
    from bson import json_util

    return json_util.loads(text, json_options=json_util.CANONICAL_JSON_OPTIONS)["cursor"]


def _explained(error: Exception, source_name: str) -> CrmError:
    """UserError for what the settings can mend, else CrmError; never with a document's values."""
    from pymongo import errors

    where = f"sources.{source_name}.extract"
    if isinstance(error, errors.OperationFailure):
        if error.code in (UNAUTHORIZED, AUTHENTICATION_FAILED, BAD_CREDENTIALS):
            return UserError(f"{where}: the database refused it (code {error.code}); correct the user and its rights")
        return CrmError(f"{where}: the database could not answer ({type(error).__name__}, code {error.code})")
    if isinstance(error, (errors.ConfigurationError, errors.InvalidName)):
        first = next(iter(str(error).splitlines()), "")
        return UserError(f"{where}: the settings cannot be used ({first})")
    if isinstance(error, errors.ConnectionFailure):
        return CrmError(
            f"{where}: the connection failed or was lost ({type(error).__name__}); "
            "what was landed stays, and the next run goes on behind it"
        )
    return CrmError(f"{where}: the database could not answer ({type(error).__name__})")
