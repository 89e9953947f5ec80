"""The words of the data-quality page, per language."""

from __future__ import annotations

from crm_pipeline.quality import page_words_zh

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Data quality",
        "state": "State after version {version}, built {built_at} (UTC).",
        "summary": "Summary",
        "attention": "What needs attention",
        "nothing": "Nothing: every newest check passed.",
        "sources": "Sources",
        "rules": "Why rows were rejected",
        "no_rejections": "No row was rejected.",
        "schema_changes": "Columns that the newest files changed",
        "column": "Column",
        "change": "Change",
        "before": "Before",
        "after": "After",
        "tables": "Tables",
        "over_time": "Over time",
        "snapshots": "Snapshots",
        "volumes": "Rows by the month in which they became known",
        "loads": "Rejected and repeated rows, load by load",
        "customers": "Conspicuous customers and orders",
        "definitions": "Definitions",
        "query": "Query",
        "source": "Source",
        "entity": "Entity",
        "files": "Files",
        "read": "Read",
        "clean": "Clean",
        "rejected": "Rejected",
        "duplicate": "Repeated",
        "left_out": "Left out by where",
        "through": "Complete to",
        "rule": "Rule",
        "rows": "Rows",
        "where": "First places",
        "record": "record {position}",
        "line": "line {position}",
        "table": "Table",
        "check": "Check",
        "severity": "Severity",
        "parts": "Snapshots",
        "newest_part": "Newest",
        "observed": "Observed",
        "filled": "Filled cells",
        "score": "Score",
        "worst": "{count} of {subjects} below 100 %",
        "all_good": "all {subjects} at 100 %",
        "failing": "{failing} of {counted} {unit} fail: {measure}",
        "from_to": "{name}: {first} to {last}, newest {value}",
        "why": "Why",
        "count": "Number",
        "vault": "Values of rejected rows are personal data and stay in vault.duckdb (table staged.staged_<entity>).",
        "score_means": "A score is the share of what was counted that did not fail. A source or table is as good as "
        "its worst measure; the summary is the mean over sources and tables.",
        "not_built": "Nothing is built yet.",
        "newest": "snapshot {day}",
        "critical": "critical",
        "error": "error",
        "warning": "warning",
    },
    "de": {
        "title": "Datenqualität",
        "state": "Stand nach Version {version}, gebaut {built_at} (UTC).",
        "summary": "Überblick",
        "attention": "Was Aufmerksamkeit braucht",
        "nothing": "Nichts: alle jüngsten Prüfungen sind bestanden.",
        "sources": "Quellen",
        "rules": "Warum Zeilen abgelehnt wurden",
        "no_rejections": "Keine Zeile wurde abgelehnt.",
        "schema_changes": "Spalten, die die neuesten Dateien geändert haben",
        "column": "Spalte",
        "change": "Änderung",
        "before": "Vorher",
        "after": "Nachher",
        "tables": "Tabellen",
        "over_time": "Im Zeitverlauf",
        "snapshots": "Stichtage",
        "volumes": "Zeilen nach dem Monat, in dem sie bekannt wurden",
        "loads": "Abgelehnte und wiederholte Zeilen, Ladung für Ladung",
        "customers": "Auffällige Kunden und Bestellungen",
        "definitions": "Definitionen",
        "query": "Abfrage",
        "source": "Quelle",
        "entity": "Entität",
        "files": "Dateien",
        "read": "Gelesen",
        "clean": "Sauber",
        "rejected": "Abgelehnt",
        "duplicate": "Wiederholt",
        "left_out": "Durch where ausgelassen",
        "through": "Vollständig bis",
        "rule": "Regel",
        "rows": "Zeilen",
        "where": "Erste Stellen",
        "record": "Satz {position}",
        "line": "Zeile {position}",
        "table": "Tabelle",
        "check": "Prüfung",
        "severity": "Schwere",
        "parts": "Stichtage",
        "newest_part": "Zuletzt",
        "observed": "Gefunden",
        "filled": "Gefüllte Zellen",
        "score": "Wert",
        "worst": "{count} von {subjects} unter 100 %",
        "all_good": "alle {subjects} bei 100 %",
        "failing": "{failing} von {counted} {unit} fallen durch: {measure}",
        "from_to": "{name}: {first} bis {last}, zuletzt {value}",
        "why": "Warum",
        "count": "Anzahl",
        "vault": "Werte abgelehnter Zeilen sind personenbezogen und bleiben in vault.duckdb "
        "(Tabelle staged.staged_<Entität>).",
        "score_means": "Ein Wert ist der Anteil des Gezählten, der nicht durchfällt. Eine Quelle oder Tabelle ist so "
        "gut wie ihr schlechtestes Maß; der Überblick ist das Mittel über Quellen und Tabellen.",
        "not_built": "Noch ist nichts gebaut.",
        "newest": "Stichtag {day}",
        "critical": "kritisch",
        "error": "Fehler",
        "warning": "Warnung",
    },
    "zh": page_words_zh.WORDS,
}

DIMENSION_NAMES = {
    "en": {name: name for name in ("completeness", "validity", "uniqueness", "consistency", "timeliness")},
    "de": {
        "completeness": "Vollständigkeit",
        "validity": "Gültigkeit",
        "uniqueness": "Eindeutigkeit",
        "consistency": "Stimmigkeit",
        "timeliness": "Aktualität",
    },
    "zh": page_words_zh.DIMENSION_NAMES,
}

UNITS = {
    "en": {name: name for name in ("rows", "cells", "checks", "days", "snapshots")},
    "de": {"rows": "Zeilen", "cells": "Zellen", "checks": "Prüfungen", "days": "Tage", "snapshots": "Stichtage"},
    "zh": page_words_zh.UNITS,
}

MEASURES: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "rows with every needed value": ("", "Input rows not rejected because a needed column is missing."),
        "rows that satisfy the rules": ("", "Input rows not rejected by any other rule (types, ranges, your own)."),
        "rows that say something new": (
            "",
            "Input rows that neither repeat another nor contradict one by its key; a thing without a time, such as a "
            "product, may be described again.",
        ),
        "rows accounted for": ("", "Input rows that are clean, rejected or repeated; anything else is lost."),
        "days with data": ("", "Of the 28 days before the newest snapshot, those that the source reaches."),
        "rows equal to the clean ones of the sources": ("", "Rows of the cleaned table, counted again there."),
        "filled cells": ("", "Cells with a value, of rows x columns; a missing value may have a meaning."),
        "row rules": ("", "Rows that satisfy every row rule of the table's contract, rule by rule."),
        "unique grain": ("", "Rows that no other row shares its key with."),
        "expectations": (
            "",
            "Expectations on the profile: null shares (completeness), distinct values (uniqueness), "
            "numbers of rows (consistency), ranges (validity).",
        ),
        "customers agree with customer_rfm": ("", "Tables with a row per customer have as many as customer_rfm."),
        "snapshots built": ("", "Snapshots for which the table has its part."),
    },
    "de": {
        "rows with every needed value": (
            "Zeilen mit allen nötigen Angaben",
            "Eingelesene Zeilen, die nicht wegen einer fehlenden nötigen Spalte abgelehnt sind.",
        ),
        "rows that satisfy the rules": (
            "regelgerechte Zeilen",
            "Eingelesene Zeilen, die keine andere Regel ablehnt (Typen, Bereiche, eigene Regeln).",
        ),
        "rows that say something new": (
            "Zeilen mit Neuem",
            "Eingelesene Zeilen, die weder eine andere wiederholen noch ihr bei gleichem Schlüssel widersprechen; was "
            "keine Zeit hat, etwa ein Produkt, darf erneut beschrieben werden.",
        ),
        "rows accounted for": (
            "verbuchte Zeilen",
            "Eingelesene Zeilen, die sauber, abgelehnt oder wiederholt sind; alles andere ist verloren.",
        ),
        "days with data": (
            "Tage mit Daten",
            "Von den 28 Tagen vor dem jüngsten Stichtag jene, die die Quelle erreicht.",
        ),
        "rows equal to the clean ones of the sources": (
            "Zeilen wie die sauberen der Quellen",
            "Zeilen der bereinigten Tabelle, dort noch einmal gezählt.",
        ),
        "filled cells": (
            "gefüllte Zellen",
            "Zellen mit Wert, von Zeilen x Spalten; ein fehlender Wert kann eine Bedeutung haben.",
        ),
        "row rules": ("Zeilenregeln", "Zeilen, die jede Regel des Tabellenvertrags erfüllen, Regel für Regel."),
        "unique grain": ("eindeutiger Schlüssel", "Zeilen, mit denen keine andere den Schlüssel teilt."),
        "expectations": (
            "Erwartungen",
            "Erwartungen an das Profil: Anteile fehlender Werte (Vollständigkeit), verschiedene Werte (Eindeutigkeit), "
            "Zeilenzahlen (Stimmigkeit), Bereiche (Gültigkeit).",
        ),
        "customers agree with customer_rfm": (
            "gleich viele Kunden wie customer_rfm",
            "Tabellen mit einer Zeile je Kunde haben so viele wie customer_rfm.",
        ),
        "snapshots built": ("gebaute Stichtage", "Stichtage, für die die Tabelle ihren Teil hat."),
    },
    "zh": page_words_zh.MEASURES,
}
"""Per measure its name (blank: as it is called in the table) and its definition."""


def measure_name(measure: str, language: str) -> str:
    """The measure's name in the language."""
    return MEASURES[language].get(measure, ("", ""))[0] or measure


def number(value: float | int, language: str) -> str:
    """A whole number with the language's thousands separators."""
    text = f"{value:,.0f}"
    return text.replace(",", ".") if language == "de" else text


def percent(share: float | None, language: str) -> str:
    """A share as per cent; what is nearly all is not rounded to all."""
    if share is None:
        return "-"
    shown = 100 * share
    if 99.95 <= shown < 100:
        shown = 99.9
    elif 0 < shown < 0.05:
        shown = 0.1
    text = f"{shown:.1f} %".replace(".0 %", " %")
    if language == "zh":
        return text.replace(" %", "%")
    return text.replace(".", ",") if language == "de" else text
