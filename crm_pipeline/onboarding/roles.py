"""Which entity column a file's column may be: patterns of concepts, and how well a name and its values fit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_pipeline.onboarding.columns import ColumnLook, Kind
from crm_pipeline.onboarding.names import Concepts, word_set

Patterns = tuple[tuple[str, float], ...]

_CUSTOMER: Patterns = (("customer id", 1.0), ("customer", 0.8))
_PRODUCT: Patterns = (("product id", 1.0), ("product", 0.8))
_CAMPAIGN: Patterns = (("campaign id", 1.0), ("campaign", 0.85))
_ORDER: Patterns = (("order id", 1.0), ("order", 0.85))
_WHEN: Patterns = (("date", 0.9), ("open date", 0.85), ("registered date", 0.85), ("open", 0.6), ("time", 0.4))
_PAID: Patterns = (
    ("line amount", 1.0),
    ("net amount", 1.0),
    ("amount price", 0.95),
    ("amount", 0.9),
    ("net price", 0.6),
    ("gross amount", 0.8),
)
_GRANTED: Patterns = (("discount amount", 1.0), ("discount", 0.95))
_ORDERED: Patterns = (("order date", 1.0), *_WHEN, ("order", 0.7))
_OCCURRED: Patterns = (("event date", 1.0), *_WHEN)
_EVENT_TYPE: Patterns = (("event type", 1.0), ("type", 0.8), ("event", 0.85), ("status", 0.5))

PATTERNS: Mapping[str, Mapping[str, Patterns]] = {
    "customers": {
        "customer_id": (*_CUSTOMER, ("id", 0.85)),
        "first_seen_at": (("registered date", 1.0), ("registered", 0.9), ("open date", 0.9), ("date", 0.5)),
        "email": (("email", 1.0), ("email address", 1.0)),
        "phone": (("phone", 1.0), ("phone id", 1.0)),
        "full_name": (("name", 1.0), ("given family", 1.0)),
        "address": (("address", 1.0),),
        "birth_date": (("birth date", 1.0), ("birth", 0.95)),
    },
    "orders": {
        "order_id": (*_ORDER, ("id", 0.8)),
        "customer_id": _CUSTOMER,
        "ordered_at": _ORDERED,
        "net_amount": _PAID,
        "discount_amount": _GRANTED,
    },
    "order_lines": {
        "order_line_id": (("line id", 1.0), ("line", 0.8), ("id", 0.55)),
        "order_id": _ORDER,
        "customer_id": _CUSTOMER,
        "product_id": (*_PRODUCT, ("name", 0.45)),
        "store_id": (("store id", 1.0), ("store", 0.9), ("channel", 0.4)),
        "ordered_at": _ORDERED,
        "quantity": (("quantity", 1.0), ("unit", 0.4), ("amount", 0.4)),
        "unit_price": (("unit price", 1.0), ("price", 0.9), ("unit amount", 0.8)),
        "net_amount": _PAID,
        "discount_amount": _GRANTED,
    },
    "products": {
        "product_id": (*_PRODUCT, ("id", 0.9)),
        "name": (("name", 1.0), ("product", 0.6)),
        "category": (("category", 1.0),),
        "subcategory": (("sub category", 1.0),),
        "brand": (("brand", 1.0),),
    },
    "campaigns": {
        "campaign_id": (*_CAMPAIGN, ("id", 0.9)),
        "name": (("name", 1.0),),
        "campaign_type": (("type", 1.0), ("channel", 0.6)),
        "started_at": (("start date", 1.0), ("start", 0.9), ("date", 0.6)),
        "ended_at": (("end date", 1.0), ("end", 0.9)),
    },
    "campaign_contacts": {
        "campaign_id": _CAMPAIGN,
        "customer_id": _CUSTOMER,
        "contacted_at": (("contact date", 1.0), *_WHEN, ("contact", 0.6)),
        "channel": (("channel", 1.0), ("type", 0.5)),
    },
    "coupons": {
        "coupon_id": (("coupon id", 1.0), ("coupon", 0.85), ("id", 0.8)),
        "product_id": _PRODUCT,
        "campaign_id": _CAMPAIGN,
    },
    "coupon_redemptions": {
        "coupon_id": (("coupon id", 1.0), ("coupon", 0.85)),
        "customer_id": _CUSTOMER,
        "redeemed_at": (("redeem date", 1.0), ("redeem", 0.9), *_WHEN),
        "campaign_id": _CAMPAIGN,
    },
    "web_events": {
        "customer_id": _CUSTOMER,
        "occurred_at": _OCCURRED,
        "event_type": _EVENT_TYPE,
        "product_id": _PRODUCT,
    },
    "email_events": {
        "customer_id": _CUSTOMER,
        "occurred_at": _OCCURRED,
        "event_type": _EVENT_TYPE,
        "campaign_id": _CAMPAIGN,
    },
    "tickets": {
        "ticket_id": (("ticket id", 1.0), ("ticket", 0.85), ("id", 0.8)),
        "customer_id": _CUSTOMER,
        "opened_at": (("open date", 1.0), ("open", 0.9), ("start date", 0.9), ("date", 0.85)),
        "closed_at": (("close date", 1.0), ("close", 0.9), ("end date", 0.9)),
        "topic": (("topic", 1.0), ("category", 0.85), ("type", 0.7)),
        "text": (("text", 1.0), ("name", 0.6)),
    },
    "reviews": {
        "review_id": (("review id", 1.0), ("id", 0.8), ("review", 0.8)),
        "customer_id": _CUSTOMER,
        "product_id": _PRODUCT,
        "reviewed_at": (("review date", 1.0), *_WHEN),
        "rating": (("rating", 1.0), ("review rating", 1.0), ("review", 0.5)),
        "text": (("text", 1.0), ("review", 0.5)),
    },
    "consents": {
        "customer_id": _CUSTOMER,
        "purpose": (("purpose", 1.0), ("type", 0.7), ("channel", 0.7), ("topic", 0.5)),
        "decided_at": (("decided date", 1.0), *_WHEN, ("decided", 0.8)),
        "is_granted": (("granted", 1.0), ("consent", 0.9)),
    },
}
"""Per entity and column: the concepts that a name must have, and how well that says it (1: beyond doubt)."""

OWN: Mapping[str, frozenset[str]] = {
    "customers": frozenset({"customer"}),
    "orders": frozenset({"order"}),
    "order_lines": frozenset({"order", "line"}),
    "products": frozenset({"product"}),
    "campaigns": frozenset({"campaign"}),
    "campaign_contacts": frozenset({"contact"}),
    "coupons": frozenset({"coupon"}),
    "coupon_redemptions": frozenset({"redeem"}),
    "web_events": frozenset({"event", "web"}),
    "email_events": frozenset({"event", "email"}),
    "tickets": frozenset({"ticket"}),
    "reviews": frozenset({"review"}),
    "consents": frozenset({"consent"}),
}
"""Words that add nothing in a file of the entity: the order's date is the date."""

FILE_NAMES: Mapping[str, tuple[str, ...]] = {
    "customers": ("customer",),
    "orders": ("order",),
    "order_lines": ("order line", "line", "order product", "order"),
    "products": ("product",),
    "campaigns": ("campaign",),
    "campaign_contacts": ("campaign contact", "contact", "email contact"),
    "coupons": ("coupon",),
    "coupon_redemptions": ("coupon redeem", "redeem"),
    "web_events": ("web event", "web", "event"),
    "email_events": ("email event", "email"),
    "tickets": ("ticket",),
    "reviews": ("review", "rating"),
    "consents": ("consent",),
}

_DATES = word_set(
    "ordered_at first_seen_at birth_date started_at ended_at contacted_at redeemed_at occurred_at opened_at closed_at "
    "reviewed_at decided_at"
)
_NUMBERS = frozenset({"quantity", "unit_price", "net_amount", "discount_amount", "rating"})
_TURNING = word_set(
    "tax shipping discount percent birth end close currency status email phone address city postcode sub redeem "
    "registered given family rating review cancelled"
)
"""A word more that makes it something else: a shipping amount is no amount paid for a product."""
_NOT_IDS = word_set("name date time type category brand quantity price amount topic rating channel")
_THINGS = word_set("customer product order line store campaign coupon ticket review")
_NOT_NAMES = frozenset({"category", "brand"})
_NOT_UNITS = frozenset({"price", "unit"})

LEFT_OVER, OWN_WORD, TURNED, UNKNOWN = 0.12, 0.02, 0.6, 0.06
SURE = 0.8
LEAST = 0.35


def fit(entity: str, column: str, look: ColumnLook) -> float:
    """How well a file's column fits an entity's column, from 0 to 1, by its name where its values allow it."""
    if not _values_allow(column, look):
        return 0.0
    return max((_name_fit(entity, column, look, pattern, weight) for pattern, weight in PATTERNS[entity][column]))


def _name_fit(entity: str, column: str, look: ColumnLook, pattern: str, weight: float) -> float:
    rest = _without(look.words, pattern.split())
    if rest is None:
        return 0.0
    is_id = column.endswith("_id")
    turning = (
        _TURNING
        | (_NOT_IDS | _THINGS if is_id else frozenset())
        | (_NOT_UNITS if column == "quantity" else frozenset())
        | (_NOT_NAMES if column == "name" else frozenset())
    )
    turning -= set(pattern.split())
    cost = UNKNOWN * look.unknown_words
    for word in rest:
        if word & (OWN[entity] | set(pattern.split())):
            cost += OWN_WORD
        else:
            cost += TURNED if word <= turning or (not is_id and word <= {"id"}) else LEFT_OVER
    return max(0.0, weight - cost)


def _without(words: Sequence[Concepts], wanted: Sequence[str]) -> list[Concepts] | None:
    """The words that are left when each wanted concept has taken one, or None when one finds none."""
    if not wanted:
        return list(words)
    for index, word in sorted(enumerate(words), key=lambda item: len(item[1])):
        if wanted[0] in word:
            rest = _without([*words[:index], *words[index + 1 :]], wanted[1:])
            if rest is not None:
                return rest
    return None


def _values_allow(column: str, look: ColumnLook) -> bool:
    kind: Kind = look.kind
    if kind == "empty":
        return False
    if column in _DATES:
        return kind == "date"
    if column in _NUMBERS:
        return look.numbers is not None and _numbers_allow(column, look)
    if column == "name":
        return kind == "text"
    if column == "is_granted":
        return look.distinct <= 3 and kind in ("boolean", "number", "text")
    if column == "email":
        return kind == "email"
    if column == "phone":
        return kind in ("phone", "number", "text")
    if column == "order_line_id" and any(word >= {"product", "id"} for word in look.words):
        return False  # such as `sku`
    if column.endswith("_id"):
        whole = look.numbers is None or look.numbers.is_whole
        return whole and kind in ("number", "text", "phone", "email")
    return kind in ("text", "number")


def _numbers_allow(column: str, look: ColumnLook) -> bool:
    """Shares are no amounts; and what a name calls an amount is a number of pieces only where it is whole."""
    numbers = look.numbers
    if look.kind != "number" or numbers is None or numbers.is_percent:
        return False
    if column == "discount_amount":
        return numbers.is_whole or not numbers.is_share
    return column != "quantity" or numbers.is_whole or look.says("quantity")
