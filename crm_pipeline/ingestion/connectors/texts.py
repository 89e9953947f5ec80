"""Values of databases and documents as text that loses nothing; nested documents as flat rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any


def to_text(value: Any) -> str | None:
    """A value as text: numbers in full, times in ISO form with their zone if they have one, bytes as ``\\x`` hex."""
    if value is None or isinstance(value, str):
        return value
    for kind, render in RENDERED:
        if isinstance(value, kind):
            return render(value)
    return str(value)


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else str(value).lower()


def _nested(value: Any) -> str:
    """A list or an empty mapping as JSON; values that JSON does not know as their text."""
    return json.dumps(value, ensure_ascii=False, default=to_text, separators=(",", ":"))


RENDERED: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (Decimal, _decimal),
    (datetime, lambda value: value.isoformat(sep=" ")),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, str),
    ((bytes, bytearray, memoryview), lambda value: "\\x" + bytes(value).hex()),
    (Enum, lambda value: str(value.value)),
    ((dict, list, tuple), _nested),
)


def flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, str | None]:
    """A document's fields as text, nested ones under dotted names; lists stay one JSON text."""
    found: dict[str, str | None] = {}
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = to_text(value)
    return found


def exploded(document: Mapping[str, Any], field: str | None) -> Iterator[dict[str, str | None]]:
    """One row per element of the list ``field`` (dotted), with the document's other fields; one row without a list."""
    if field is None:
        yield flat(document)
        return
    elements = at_path(document, field)
    if not isinstance(elements, list) or not elements:
        yield flat(document)
        return
    whole = {name: text for name, text in flat(document).items() if name != field}
    for element in elements:
        own = flat(element, f"{field}.") if isinstance(element, Mapping) else {field: to_text(element)}
        yield {**whole, **own}


def at_path(document: Any, path: str) -> Any:
    """The value under a dotted path; None where the document has none."""
    for step in path.split("."):
        if not isinstance(document, Mapping) or step not in document:
            return None
        document = document[step]
    return document
