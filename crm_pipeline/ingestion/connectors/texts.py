"""Values of databases as text that loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from crm_pipeline.ingestion.reading.flatten import Number, as_text


def to_text(value: Any) -> str | None:
    """A value as text: numbers in full, times in ISO form with their zone if they have one, bytes as ``\\x`` hex."""
    return value if value is None or isinstance(value, str) else as_text(plain(value))


def plain(value: Any) -> Any:
    """A value of a driver as what JSON could hold, numbers as their text."""
    if value is None or isinstance(value, (str, bool)):
        return value
    for kind, render in RENDERED:
        if isinstance(value, kind):
            return render(value)
    return str(value)


def _decimal(value: Decimal) -> Number:
    return Number(format(value, "f") if value.is_finite() else str(value).lower())


RENDERED: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Mapping, lambda value: {str(key): plain(item) for key, item in value.items()}),
    ((list, tuple, set, frozenset), lambda value: [plain(item) for item in value]),
    ((int, float), lambda value: Number(repr(value))),
    (Decimal, _decimal),
    (datetime, lambda value: value.isoformat(sep=" ")),
    ((date, time), lambda value: value.isoformat()),
    ((bytes, bytearray, memoryview), lambda value: "\\x" + bytes(value).hex()),
    (Enum, lambda value: plain(value.value)),
)


def at_path(document: Any, path: str) -> Any:
    """The value under a dotted path; None where the document has none."""
    for step in path.split("."):
        if not isinstance(document, Mapping) or step not in document:
            return None
        document = document[step]
    return document
