"""The customer model: which entities a project can map its sources to, and what each column must look like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from crm_pipeline.contract.table import Pii
from crm_pipeline.ingestion.entity import Entity, EntityColumn


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
