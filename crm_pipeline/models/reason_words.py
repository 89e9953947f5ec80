"""The words of reasons, per feature and language. A feature is named without its window (`order_count`, not `_90d`)."""

from __future__ import annotations

from dataclasses import dataclass

DIRECTIONS = {
    "en": {"raises": "raises the risk of leaving", "lowers": "lowers the risk of leaving"},
    "de": {"raises": "erhöht das Abwanderungsrisiko", "lowers": "senkt das Abwanderungsrisiko"},
}
WINDOW = {"en": " in the last {days} days", "de": " in den letzten {days} Tagen"}
GENERIC = {"en": "{name}: {value}", "de": "{name}: {value}"}
UNKNOWN = {"en": "unknown", "de": "unbekannt"}


@dataclass(frozen=True)
class Sentence:
    """family: features that tell the same story. unit: number | share | amount. words: per language, with {value}."""

    feature: str
    family: str
    unit: str
    words: dict[str, str]


def _sentence(feature: str, family: str, en: str, de: str, unit: str = "number") -> Sentence:
    return Sentence(feature, family, unit, {"en": en, "de": de})


SENTENCES: tuple[Sentence, ...] = (
    _sentence("days_since_last_order", "silence", "Last order {value} days ago", "Letzte Bestellung vor {value} Tagen"),
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
        "{value} days between orders on average{window}",
        "Im Mittel {value} Tage zwischen Bestellungen{window}",
    ),
    _sentence(
        "geometric_mean_gap_days",
        "rhythm",
        "Typically {value} days between orders",
        "Typisch {value} Tage zwischen Bestellungen",
    ),
    _sentence(
        "std_gap_days",
        "rhythm",
        "The days between orders vary by {value}",
        "Die Tage zwischen Bestellungen schwanken um {value}",
    ),
    _sentence("max_gap_days", "rhythm", "Longest pause{window}: {value} days", "Längste Pause{window}: {value} Tage"),
    _sentence(
        "last_gap_days", "rhythm", "{value} days before the last order", "{value} Tage vor der letzten Bestellung"
    ),
    _sentence("order_count", "frequency", "{value} orders{window}", "{value} Bestellungen{window}"),
    _sentence(
        "order_day_count", "frequency", "{value} days with an order{window}", "{value} Tage mit Bestellung{window}"
    ),
    _sentence("frequency", "frequency", "{value} days with a repeat order", "{value} Tage mit Folgebestellung"),
    _sentence(
        "order_day_rate", "frequency", "Orders on {value} of all days", "Bestellungen an {value} aller Tage", "share"
    ),
    _sentence(
        "weighted_day_count",
        "frequency",
        "{value} order days, recent ones counting more",
        "{value} Bestelltage, jüngere stärker gewichtet",
    ),
    _sentence(
        "active_week_count", "frequency", "{value} weeks with an order{window}", "{value} Wochen mit Bestellung{window}"
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
        "{value} orders expected in the time ahead",
        "{value} Bestellungen in der kommenden Zeit erwartet",
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
    _sentence("monetary_value", "spend", "{value} per repeat order day", "{value} je Folgebestelltag", "amount"),
    _sentence("mean_basket_amount", "spend", "{value} per order{window}", "{value} je Bestellung{window}", "amount"),
    _sentence("max_basket_amount", "spend", "Largest order: {value}", "Größte Bestellung: {value}", "amount"),
    _sentence("line_count", "breadth", "{value} order lines{window}", "{value} Bestellpositionen{window}"),
    _sentence("mean_basket_line_count", "breadth", "{value} lines per order", "{value} Positionen je Bestellung"),
    _sentence(
        "product_count", "breadth", "{value} different products{window}", "{value} verschiedene Produkte{window}"
    ),
    _sentence("new_product_count", "breadth", "{value} new products{window}", "{value} neue Produkte{window}"),
    _sentence(
        "category_count", "breadth", "{value} different categories{window}", "{value} verschiedene Warengruppen{window}"
    ),
    _sentence(
        "discount_share",
        "discount",
        "{value} of list prices saved{window}",
        "{value} der Listenpreise gespart{window}",
        "share",
    ),
    _sentence("return_count", "returns", "{value} returned lines{window}", "{value} Retouren{window}"),
    _sentence(
        "weekend_share", "habit", "{value} of order days at weekends", "{value} der Bestelltage am Wochenende", "share"
    ),
    _sentence(
        "mean_order_hour", "habit", "Orders around hour {value} of the day", "Bestellt gegen Stunde {value} des Tages"
    ),
    _sentence("tenure_days", "tenure", "Customer for {value} days", "Kunde seit {value} Tagen"),
    _sentence("T", "tenure", "Customer for {value} days", "Kunde seit {value} Tagen"),
    _sentence(
        "recency",
        "tenure",
        "{value} days from first to last order",
        "{value} Tage von der ersten zur letzten Bestellung",
    ),
)
