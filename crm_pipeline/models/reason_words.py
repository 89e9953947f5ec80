"""The words of reasons, per feature and language. A feature is named without its window (`order_count`, not `_90d`)."""

from __future__ import annotations

from dataclasses import dataclass

from crm_pipeline.models.reason_words_zh import CHINESE, CHINESE_DIRECTIONS, CHINESE_SHAPES

DIRECTIONS = {
    "en": {"raises": "raises the risk of leaving", "lowers": "lowers the risk of leaving"},
    "de": {"raises": "erhöht das Abwanderungsrisiko", "lowers": "senkt das Abwanderungsrisiko"},
    "zh": CHINESE_DIRECTIONS,
}
WHOLE = {"en": "{fact}; {direction}.", "de": "{fact}; {direction}.", "zh": CHINESE_SHAPES["whole"]}
WINDOW = {"en": " in the last {days} days", "de": " in den letzten {days} Tagen", "zh": CHINESE_SHAPES["window"]}
GENERIC = {"en": "{name}: {value}", "de": "{name}: {value}", "zh": CHINESE_SHAPES["generic"]}
NOT_PLAIN = (
    "category_entropy",
    "weighted_day_count",
    "geometric_mean_gap_days",
    "order_day_trend",
    "spend_trend",
    "std_gap_days",
)
"""Features whose value says little to a reader; another of the family speaks for it where one points the same way."""
NAME_ENDS = " :" + CHINESE_SHAPES["colon"]
"""What stands between a sentence's words and its value."""
UNKNOWN = {"en": "unknown", "de": "unbekannt", "zh": CHINESE_SHAPES["unknown"]}


@dataclass(frozen=True)
class Sentence:
    """family: features that tell the same story. unit: number | share | amount. words: per language, with {value}.

    Lines read 'name: value', so that no language has to inflect for the number.
    """

    feature: str
    family: str
    unit: str
    words: dict[str, str]


def _sentence(feature: str, family: str, en: str, de: str, unit: str = "number") -> Sentence:
    return Sentence(feature, family, unit, {"en": en, "de": de, "zh": CHINESE[feature]})


SENTENCES: tuple[Sentence, ...] = (
    _sentence(
        "days_since_last_order",
        "silence",
        "Days since the last order: {value}",
        "Tage seit der letzten Bestellung: {value}",
    ),
    _sentence(
        "days_since_last_order_ratio",
        "overdue",
        "Silent for {value} times the usual pause",
        "Das {value}-Fache der üblichen Pause ohne Bestellung",
    ),
    _sentence(
        "days_since_last_order_max_ratio",
        "overdue",
        "Silent for {value} times the longest pause so far",
        "Das {value}-Fache der bisher längsten Pause ohne Bestellung",
    ),
    _sentence(
        "longer_gap_share",
        "overdue",
        "About {value} of earlier pauses were longer than the present one",
        "Etwa {value} der früheren Pausen waren länger als die jetzige",
        "share",
    ),
    _sentence(
        "silence_continued_share",
        "overdue",
        "About {value} of pauses like the present one went on for a month",
        "Etwa {value} der Pausen wie dieser dauerten noch einen Monat",
        "share",
    ),
    _sentence(
        "silent_30d_share",
        "rhythm",
        "{value} of past days began a month without an order",
        "{value} der bisherigen Tage begannen einen Monat ohne Bestellung",
        "share",
    ),
    _sentence(
        "mean_gap_days",
        "rhythm",
        "Mean days between orders{window}: {value}",
        "Mittlere Tage zwischen Bestellungen{window}: {value}",
    ),
    _sentence(
        "geometric_mean_gap_days",
        "rhythm",
        "Typical days between orders: {value}",
        "Typische Tage zwischen Bestellungen: {value}",
    ),
    _sentence(
        "std_gap_days",
        "rhythm",
        "The days between orders vary by {value}",
        "Die Tage zwischen Bestellungen schwanken um {value}",
    ),
    _sentence(
        "max_gap_days", "rhythm", "Longest pause{window}, in days: {value}", "Längste Pause{window} in Tagen: {value}"
    ),
    _sentence(
        "last_gap_days",
        "rhythm",
        "Days between the last two orders: {value}",
        "Tage zwischen den letzten beiden Bestellungen: {value}",
    ),
    _sentence("order_count", "frequency", "Orders{window}: {value}", "Bestellungen{window}: {value}"),
    _sentence(
        "order_day_count", "frequency", "Days with an order{window}: {value}", "Tage mit Bestellung{window}: {value}"
    ),
    _sentence("frequency", "frequency", "Days with a repeat order: {value}", "Tage mit Folgebestellung: {value}"),
    _sentence(
        "order_day_rate", "frequency", "Orders on {value} of all days", "Bestellungen an {value} aller Tage", "share"
    ),
    _sentence(
        "weighted_day_count",
        "frequency",
        "Order days, recent ones counting more: {value}",
        "Bestelltage, jüngere stärker gewichtet: {value}",
    ),
    _sentence(
        "active_week_count",
        "frequency",
        "Weeks with an order{window}: {value}",
        "Wochen mit Bestellung{window}: {value}",
    ),
    _sentence(
        "active_30d_share",
        "frequency",
        "An order in {value} of all months",
        "In {value} aller Monate eine Bestellung",
        "share",
    ),
    _sentence(
        "expected_purchases",
        "expectation",
        "Order days that the purchase model alone expects: {value}",
        "Bestelltage, die das Kaufmodell allein erwartet: {value}",
    ),
    _sentence(
        "probability_alive",
        "expectation",
        "Still a customer with a probability of {value}",
        "Mit einer Wahrscheinlichkeit von {value} noch Kunde",
        "share",
    ),
    _sentence(
        "order_day_trend",
        "trend",
        "Trend of order days: {value} (0 is steady)",
        "Trend der Bestelltage: {value} (0 ist stabil)",
    ),
    _sentence(
        "order_day_change",
        "trend",
        "Change in order days{window}: {value}",
        "Änderung der Bestelltage{window}: {value}",
    ),
    _sentence(
        "spend_trend", "trend", "Trend of spend: {value} (0 is steady)", "Trend der Ausgaben: {value} (0 ist stabil)"
    ),
    _sentence("spend_amount", "spend", "Spent {value}{window}", "Ausgaben von {value}{window}", "amount"),
    _sentence("total_spend", "spend", "Spent {value} in all", "Ausgaben von insgesamt {value}", "amount"),
    _sentence(
        "monetary_value", "spend", "Spend per repeat order day: {value}", "Umsatz je Folgebestelltag: {value}", "amount"
    ),
    _sentence(
        "mean_basket_amount",
        "spend",
        "Spend per order{window}: {value}",
        "Umsatz je Bestellung{window}: {value}",
        "amount",
    ),
    _sentence("max_basket_amount", "spend", "Largest order: {value}", "Größte Bestellung: {value}", "amount"),
    _sentence("line_count", "breadth", "Order lines{window}: {value}", "Bestellpositionen{window}: {value}"),
    _sentence("mean_basket_line_count", "breadth", "Lines per order: {value}", "Positionen je Bestellung: {value}"),
    _sentence(
        "product_count", "breadth", "Different products{window}: {value}", "Verschiedene Produkte{window}: {value}"
    ),
    _sentence("new_product_count", "breadth", "New products{window}: {value}", "Neue Produkte{window}: {value}"),
    _sentence(
        "category_count",
        "breadth",
        "Different categories{window}: {value}",
        "Verschiedene Warengruppen{window}: {value}",
    ),
    _sentence(
        "discount_share",
        "discount",
        "{value} of list prices saved{window}",
        "{value} der Listenpreise gespart{window}",
        "share",
    ),
    _sentence("return_count", "returns", "Returned lines{window}: {value}", "Retouren{window}: {value}"),
    _sentence(
        "weekend_share", "habit", "{value} of order days at weekends", "{value} der Bestelltage am Wochenende", "share"
    ),
    _sentence(
        "mean_order_hour", "habit", "Orders around hour {value} of the day", "Bestellt gegen Stunde {value} des Tages"
    ),
    _sentence(
        "tenure_days", "tenure", "Days since the first order: {value}", "Tage seit der ersten Bestellung: {value}"
    ),
    _sentence("T", "tenure", "Days since the first order: {value}", "Tage seit der ersten Bestellung: {value}"),
    _sentence(
        "recency",
        "tenure",
        "Days from first to last order: {value}",
        "Tage von der ersten zur letzten Bestellung: {value}",
    ),
    _sentence("category_entropy", "breadth", "Variety of categories: {value}", "Vielfalt der Warengruppen: {value}"),
    _sentence(
        "campaign_contact_count",
        "campaigns",
        "Campaign contacts{window}: {value}",
        "Kampagnenkontakte{window}: {value}",
    ),
    _sentence(
        "days_since_last_contact",
        "campaigns",
        "Days since the last campaign contact: {value}",
        "Tage seit dem letzten Kampagnenkontakt: {value}",
    ),
    _sentence(
        "coupon_redemption_count",
        "discount",
        "Coupons redeemed{window}: {value}",
        "Eingelöste Gutscheine{window}: {value}",
    ),
)
