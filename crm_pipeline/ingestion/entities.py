"""The customer model: which entities a project can map its sources to, and what each column must look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import duckdb

from crm_pipeline.contract.sql import check_predicate, referenced_columns, safe_casts
from crm_pipeline.contract.table import Pii
from crm_pipeline.yaml_lines import closest


class Mapped(Protocol):
    """What a mapping of one column says."""

    @property
    def sql(self) -> str | None: ...
    @property
    def formats(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class EntityColumn:
    """One column that a source may fill; ``required`` ones must have a value in every row.

    ``is_attribute``: the value, which names nobody by itself, is an attribute of the customer as well.
    """

    name: str
    type: str
    description: str
    required: bool = False
    pii: Pii = "none"
    is_attribute: bool = False


@dataclass(frozen=True)
class Entity:
    """One entity of the customer model.

    ``key`` identifies a row (customers: per source and time at which it was known, so that what sources say adds up and
    keeps its history); ``event_time`` is the column that says when it happened (None: a thing without a time).
    ``generated_key`` is filled with a digest of the row's content where the source has no identifier of its own.
    ``rules`` hold for every row: predicate and what to say when it fails. With ``extra_columns``, columns beyond the
    entity's own become attributes.
    """

    name: str
    description: str
    columns: tuple[EntityColumn, ...]
    key: tuple[str, ...]
    event_time: str | None = None
    generated_key: str | None = None
    rules: tuple[tuple[str, str], ...] = ()
    extra_columns: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the entity's own columns."""
        return tuple(column.name for column in self.columns)

    def not_needing(self, *names: str) -> Entity:
        """The same entity whose rows may lack these columns."""
        return replace(
            self, columns=tuple(replace(c, required=c.required and c.name not in names) for c in self.columns)
        )

    def needing(self, *names: str) -> Entity:
        """The same entity whose rows must have these columns as well."""
        return replace(self, columns=tuple(replace(c, required=c.required or c.name in names) for c in self.columns))

    def mapping_problems(self, source: str, columns: Mapping[str, Mapped], rules: Mapping[str, str]) -> Iterator[str]:
        """An unknown column is mapped, a required one is not, or an expression or rule cannot be used."""
        where = f"sources.{source}.columns"
        misspelt = set()
        for name, mapping in columns.items():
            if name not in self.column_names and not self.extra_columns:
                hint = closest(name, self.column_names)
                misspelt |= {column for column in self.column_names if f"{column!r}" in hint}
                yield f"{where}.{name}: {self.name} has no column {name!r}{hint}"
                continue
            try:
                if mapping.sql is not None:
                    safe_casts(mapping.sql)
                for pattern in mapping.formats:
                    self._check_format(name, pattern)
            except ValueError as error:
                yield f"{where}.{name}: {error}"
        for column in self.columns:
            if column.required and column.name not in columns and column.name not in misspelt:
                yield f"{where}: {self.name} needs the column {column.name!r} ({column.description})"
        for reason, predicate in rules.items():
            try:
                check_predicate(predicate)
                self._bind(predicate)
            except ValueError as error:
                yield f"sources.{source}.rules.{reason}: {error}"

    def _check_format(self, name: str, pattern: str) -> None:
        """ValueError when a pattern is none, or is given for what is not a date or time."""
        kinds = {column.name: column.type for column in self.columns}
        if kinds.get(name) not in ("timestamp", "date"):
            raise ValueError("`format` says how dates and times are written; this column is neither")
        self._evaluate(f"try_strptime('', '{_quoted(pattern)}')", f"`format: {pattern}`")

    def _bind(self, predicate: str) -> None:
        """ValueError when a rule names a column that the entity does not have, or compares what cannot be compared."""
        known = {column.name for column in self.columns} - {"known_at"}
        unknown = [name for name in referenced_columns(predicate) if name.lower() not in known]
        if unknown:
            raise ValueError(f"{self.name} has no column {unknown[0]!r}{closest(unknown[0], known)}")
        self._evaluate(f"({safe_casts(predicate)}) is true", f"`{predicate}`")

    def _evaluate(self, expression: str, shown: str) -> None:
        """Compute an expression over one row, whose values the engine cannot fold away; ValueError when it fails."""
        values = ", ".join(f'{_SAMPLES[c.type.split("(")[0]]}::{c.type} as "{c.name}"' for c in self.columns)
        problem = None
        with duckdb.connect() as connection:
            connection.execute(f"create temporary table sample as select {values}")
            try:
                connection.execute(f"select {expression} from sample").fetchall()
            except duckdb.Error as error:
                problem = str(error).splitlines()[0]
        if problem:
            raise ValueError(f"{shown} cannot be used: {problem}")


_SAMPLES = {"varchar": "'x'", "decimal": "1", "boolean": "true", "timestamp": "'2000-01-01'", "date": "'2000-01-01'"}


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _column(
    name: str, kind: str, description: str, *flags: Literal["required", "direct", "pseudonymous", "attribute"]
) -> EntityColumn:
    pii: Pii = "direct" if "direct" in flags else "pseudonymous" if "pseudonymous" in flags else "none"
    return EntityColumn(name, kind, description, "required" in flags, pii, "attribute" in flags)


_CUSTOMER = _column("customer_id", "varchar", "The customer's identifier.", "required", "pseudonymous")
_CUSTOMER_OR_NONE = _column(
    "customer_id", "varchar", "The customer's identifier; empty for anonymous sales.", "pseudonymous"
)
_KNOWN_AT = _column("known_at", "timestamp", "When the company could know the row; default its own time.")
_TEXT = _column("text", "varchar", "What the customer wrote, which may name anybody; it stays in the vault.", "direct")
_AMOUNT = "decimal(18,4)"
LINE_TYPES = ("product", "voucher", "shipping", "fee", "discount", "adjustment", "sample", "stock")


def _by_name(entities: Iterable[Entity]) -> dict[str, Entity]:
    return {entity.name: entity for entity in entities}


ENTITIES: Mapping[str, Entity] = _by_name(
    (
        Entity(
            "customers",
            "People or organisations; columns beyond the known ones become attributes.",
            (
                _CUSTOMER,
                _column("first_seen_at", "timestamp", "When the customer was first known."),
                _column("email", "varchar", "E-mail address.", "direct"),
                _column("phone", "varchar", "Telephone number.", "direct"),
                _column("full_name", "varchar", "Name of the person, in one column.", "direct"),
                _column("first_name", "varchar", "Given names.", "direct"),
                _column("last_name", "varchar", "Family name.", "direct"),
                _column("organisation", "varchar", "Name of the company or institution.", "direct"),
                _column("address", "varchar", "Postal address, in one column.", "direct"),
                _column("street", "varchar", "Street, with or without the number of the house.", "direct"),
                _column("house_number", "varchar", "Number of the house.", "direct"),
                _column("address_2", "varchar", "Second line of the address.", "direct"),
                _column("postcode", "varchar", "Postal code.", "direct"),
                _column("city", "varchar", "Town.", "attribute"),
                _column("region", "varchar", "State, province or sales region.", "attribute"),
                _column("country", "varchar", "Country, as a name or a code.", "attribute"),
                _column("gender", "varchar", "Gender, as the source writes it.", "attribute"),
                _column("birth_date", "date", "Date of birth.", "direct"),
                _KNOWN_AT,
            ),
            key=("source", "customer_id", "known_at"),
            extra_columns=True,
        ),
        Entity(
            "orders",
            "Whole orders of sources that have no lines, or the date and customer of lines that have none (`join`).",
            (
                _column("order_id", "varchar", "The order's identifier.", "required"),
                _CUSTOMER_OR_NONE,
                _column("ordered_at", "timestamp", "When the order was placed.", "required"),
                _column("net_amount", _AMOUNT, "Amount paid after discounts.", "required"),
                _column("discount_amount", _AMOUNT, "Discount granted."),
                _KNOWN_AT,
            ),
            key=("order_id",),
            event_time="ordered_at",
        ),
        Entity(
            "order_lines",
            "One product in one order; returns and cancellations are lines with a negative quantity or amount.",
            (
                _column("order_line_id", "varchar", "The line's identifier; default a digest of its content."),
                _column("order_id", "varchar", "The order's identifier.", "required"),
                _CUSTOMER_OR_NONE,
                _column("product_id", "varchar", "The product's identifier.", "required"),
                _column("store_id", "varchar", "The shop or channel."),
                _column("ordered_at", "timestamp", "When the order was placed.", "required"),
                _column("quantity", "decimal(18,3)", "Units; negative for returns.", "required"),
                _column("unit_price", _AMOUNT, "Price of one unit."),
                _column(
                    "net_amount",
                    _AMOUNT,
                    "Amount paid after discounts; default quantity x price - discount.",
                    "required",
                ),
                _column("discount_amount", _AMOUNT, "Discount granted."),
                _column("line_type", "varchar", f"What the line is: {', '.join(LINE_TYPES)}; default product."),
                _KNOWN_AT,
            ),
            key=("order_line_id",),
            event_time="ordered_at",
            generated_key="order_line_id",
            rules=(
                (
                    f"line_type is null or line_type in ({', '.join(map(repr, LINE_TYPES))})",
                    f"line_type is none of {', '.join(LINE_TYPES)}",
                ),
            ),
        ),
        Entity(
            "products",
            "What is sold.",
            (
                _column("product_id", "varchar", "The product's identifier.", "required"),
                _column("name", "varchar", "What customers call it."),
                _column("category", "varchar", "Its category."),
                _column("subcategory", "varchar", "Its category's part."),
                _column("brand", "varchar", "Its brand."),
                _KNOWN_AT,
            ),
            key=("product_id",),
        ),
        Entity(
            "campaigns",
            "Marketing campaigns.",
            (
                _column("campaign_id", "varchar", "The campaign's identifier.", "required"),
                _column("name", "varchar", "Its name."),
                _column("campaign_type", "varchar", "Its type."),
                _column("started_at", "timestamp", "Its first moment."),
                _column("ended_at", "timestamp", "Its last moment."),
                _KNOWN_AT,
            ),
            key=("campaign_id",),
            event_time="started_at",
            rules=(
                ("started_at is null or ended_at is null or started_at <= ended_at", "ended_at lies before started_at"),
            ),
        ),
        Entity(
            "campaign_contacts",
            "A campaign reached a customer.",
            (
                _column("campaign_id", "varchar", "The campaign's identifier.", "required"),
                _CUSTOMER,
                _column("contacted_at", "timestamp", "When; default the campaign's start."),
                _column("channel", "varchar", "How."),
                _KNOWN_AT,
            ),
            key=("campaign_id", "customer_id", "contacted_at", "channel"),
            event_time="contacted_at",
        ),
        Entity(
            "coupons",
            "A coupon and the product and campaign that it is for.",
            (
                _column("coupon_id", "varchar", "The coupon's identifier.", "required"),
                _column("product_id", "varchar", "A product that it is for."),
                _column("campaign_id", "varchar", "The campaign that gave it out."),
                _KNOWN_AT,
            ),
            key=("coupon_id", "product_id", "campaign_id"),
        ),
        Entity(
            "coupon_redemptions",
            "A customer used a coupon.",
            (
                _column("coupon_id", "varchar", "The coupon's identifier.", "required"),
                _CUSTOMER,
                _column("redeemed_at", "timestamp", "When.", "required"),
                _column("campaign_id", "varchar", "The campaign that gave it out."),
                _KNOWN_AT,
            ),
            key=("coupon_id", "customer_id", "redeemed_at", "campaign_id"),
            event_time="redeemed_at",
        ),
        Entity(
            "web_events",
            "A customer's visit, view or click in a shop or app.",
            (
                _CUSTOMER,
                _column("occurred_at", "timestamp", "When.", "required"),
                _column("event_type", "varchar", "What happened.", "required"),
                _column("product_id", "varchar", "The product it was about."),
                _KNOWN_AT,
            ),
            key=("customer_id", "occurred_at", "event_type", "product_id"),
            event_time="occurred_at",
        ),
        Entity(
            "email_events",
            "A message was sent, opened or clicked.",
            (
                _CUSTOMER,
                _column("occurred_at", "timestamp", "When.", "required"),
                _column("event_type", "varchar", "What happened.", "required"),
                _column("campaign_id", "varchar", "The campaign it belonged to."),
                _KNOWN_AT,
            ),
            key=("customer_id", "occurred_at", "event_type", "campaign_id"),
            event_time="occurred_at",
        ),
        Entity(
            "tickets",
            "A request to the service desk.",
            (
                _column("ticket_id", "varchar", "The ticket's identifier.", "required"),
                _CUSTOMER,
                _column("opened_at", "timestamp", "When it was opened.", "required"),
                _column("closed_at", "timestamp", "When it was closed."),
                _column("topic", "varchar", "What it was about."),
                _TEXT,
                _KNOWN_AT,
            ),
            key=("ticket_id",),
            event_time="opened_at",
        ),
        Entity(
            "reviews",
            "A customer's rating of a product or of the service.",
            (
                _column("review_id", "varchar", "The review's identifier.", "required"),
                _CUSTOMER,
                _column("product_id", "varchar", "The product."),
                _column("reviewed_at", "timestamp", "When.", "required"),
                _column("rating", "decimal(9,3)", "The rating, in the source's scale."),
                _TEXT,
                _KNOWN_AT,
            ),
            key=("review_id",),
            event_time="reviewed_at",
        ),
        Entity(
            "consents",
            "A customer allowed or withdrew a use of personal data.",
            (
                _CUSTOMER,
                _column("purpose", "varchar", "The use.", "required"),
                _column("decided_at", "timestamp", "When.", "required"),
                _column("is_granted", "boolean", "Whether it was allowed.", "required"),
                _KNOWN_AT,
            ),
            key=("customer_id", "purpose", "decided_at"),
            event_time="decided_at",
        ),
    )
)
