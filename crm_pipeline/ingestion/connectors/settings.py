"""`extract` of a source in crm.yaml: where its rows are read from when they are not files here."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crm_pipeline.ingestion.connectors.secrets import check_options, check_secret, check_url


class ExtractSettings(BaseModel):
    """Base of every part of `extract`: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SqlExtract(ExtractSettings):
    """A table or a query of a SQL database."""

    url: str
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    key: list[str] = Field(default_factory=list)
    overlap_minutes: int = Field(default=0, ge=0, le=43_200)

    _url = field_validator("url")(check_url)

    @model_validator(mode="after")
    def _one_of(self) -> SqlExtract:
        if (self.table is None) == (self.query is None):
            raise ValueError("expected exactly one of `table` and `query`")
        return _checked_cursor(self)


class MongoExtract(ExtractSettings):
    """A collection of a MongoDB database; nested fields become columns with dotted names."""

    url: str
    database: str
    collection: str
    filter: dict[str, Any] = Field(default_factory=dict)
    cursor: str | None = None
    key: list[str] = Field(default_factory=lambda: ["_id"])
    explode: str | None = None
    overlap_minutes: int = Field(default=0, ge=0, le=43_200)

    _url = field_validator("url")(check_url)

    @model_validator(mode="after")
    def _consistent(self) -> MongoExtract:
        return _checked_cursor(self)


T = TypeVar("T", SqlExtract, MongoExtract)


def _checked_cursor(settings: T) -> T:
    if settings.overlap_minutes and settings.cursor is None:
        raise ValueError("`overlap_minutes` needs a `cursor` that is a time")
    return settings


class PageNumber(ExtractSettings):
    """Pages by number, until one is empty or, where stated, until the number of pages."""

    kind: Literal["page"]
    param: str = "page"
    start: int = Field(default=1, ge=0)
    size: int | None = Field(default=None, ge=1)
    size_param: str = "per_page"
    total_pages: str | None = None


class Offset(ExtractSettings):
    """Pages by the number of records before them, until one is empty."""

    kind: Literal["offset"]
    param: str = "offset"
    size: int = Field(default=100, ge=1)
    size_param: str = "limit"


class NextCursor(ExtractSettings):
    """Each page names the next one by a value that is sent back, until it names none."""

    kind: Literal["cursor"]
    param: str = "cursor"
    field: str
    size: int | None = Field(default=None, ge=1)
    size_param: str = "limit"


class LinkHeader(ExtractSettings):
    """Each page has the address of the next in its `Link` header (`rel="next"`)."""

    kind: Literal["link"]
    size: int | None = Field(default=None, ge=1)
    size_param: str = "per_page"


class NextUrl(ExtractSettings):
    """Each page has the address of the next in a field of its body."""

    kind: Literal["next_url"]
    field: str
    size: int | None = Field(default=None, ge=1)
    size_param: str = "limit"


Paging = Annotated[PageNumber | Offset | NextCursor | LinkHeader | NextUrl, Field(discriminator="kind")]


class OAuth(ExtractSettings):
    """OAuth 2 client credentials."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str | None = None

    _url = field_validator("token_url")(check_url)
    _secret = field_validator("client_secret")(check_secret)


class RestAuth(ExtractSettings):
    """How a request proves who asks: exactly one way."""

    bearer: str | None = None
    header: dict[str, str] | None = None
    param: dict[str, str] | None = None
    user: str | None = None
    password: str | None = None
    oauth: OAuth | None = None

    @field_validator("bearer", "password")
    @classmethod
    def _secret(cls, value: str | None) -> str | None:
        return value if value is None else check_secret(value)

    @field_validator("header", "param")
    @classmethod
    def _secrets(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for text in (value or {}).values():
            check_secret(text)
        return value

    @model_validator(mode="after")
    def _one_of(self) -> RestAuth:
        ways = [self.bearer, self.header, self.param, self.user, self.oauth]
        if sum(way is not None for way in ways) != 1 or (self.user is None) != (self.password is None):
            raise ValueError("expected exactly one of `bearer`, `header`, `param`, `user` with `password`, and `oauth`")
        return self


class RestCursor(ExtractSettings):
    """The field that grows with every change, and the parameter that asks for what changed since."""

    field: str
    param: str
    start: str | None = None
    format: str | None = None
    overlap_minutes: int = Field(default=0, ge=0, le=43_200)


class RestExtract(ExtractSettings):
    """A REST service that answers in JSON."""

    url: str
    params: dict[str, str | int | float | bool] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    auth: RestAuth | None = None
    records: str | None = None
    paging: Paging | None = None
    cursor: RestCursor | None = None
    key: list[str] = Field(default_factory=list)
    explode: str | None = None
    retries: int = Field(default=6, ge=0, le=20)
    timeout_seconds: float = Field(default=60, gt=0, le=3600)

    _url = field_validator("url")(check_url)
    _options = field_validator("params", "headers")(check_options)


class FilesExtract(ExtractSettings):
    """Files of an object store or web server, by any address that fsspec knows."""

    url: str
    options: dict[str, Any] = Field(default_factory=dict)

    _url = field_validator("url")(check_url)
    _options = field_validator("options")(check_options)


class Extract(ExtractSettings):
    """Exactly one connector."""

    sql: SqlExtract | None = None
    mongodb: MongoExtract | None = None
    rest: RestExtract | None = None
    files: FilesExtract | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Extract:
        if sum(part is not None for part in (self.sql, self.mongodb, self.rest, self.files)) != 1:
            raise ValueError("expected exactly one of `sql`, `mongodb`, `rest` and `files`")
        return self

    @property
    def connector(self) -> SqlExtract | MongoExtract | RestExtract | FilesExtract:
        """The one that is stated."""
        found = self.sql or self.mongodb or self.rest or self.files
        assert found is not None
        return found

    @property
    def is_upsert(self) -> bool:
        """Whether a row replaces what was read before under the same key."""
        connector = self.connector
        if isinstance(connector, FilesExtract):
            return False
        return connector.cursor is not None and bool(connector.key)

    @property
    def generation(self) -> str:
        """Digest of what is read: another query, cursor or key begins anew. Secrets are no part of it."""
        how = {"retries", "timeout_seconds", "overlap_minutes", "auth", "options", "headers"}
        text = repr(self.connector.model_dump(exclude=how))
        return sha256(f"{type(self.connector).__name__} {text}".encode()).hexdigest()[:12]


def extract_model_at(where: tuple[str, ...]) -> type[BaseModel] | None:
    """The model below `extract` that a key path leads to, for the hint at a misspelt key."""
    if not where:
        return Extract
    parts: dict[tuple[str, ...], type[BaseModel]] = {
        ("sql",): SqlExtract,
        ("mongodb",): MongoExtract,
        ("rest",): RestExtract,
        ("files",): FilesExtract,
        ("rest", "auth"): RestAuth,
        ("rest", "auth", "oauth"): OAuth,
        ("rest", "cursor"): RestCursor,
        ("rest", "paging", "page"): PageNumber,
        ("rest", "paging", "offset"): Offset,
        ("rest", "paging", "cursor"): NextCursor,
        ("rest", "paging", "link"): LinkHeader,
        ("rest", "paging", "next_url"): NextUrl,
    }
    return parts.get(where)
