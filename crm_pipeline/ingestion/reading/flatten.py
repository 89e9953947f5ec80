"""JSON values as flat rows of text: nested objects get dotted names, lists stay JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, str | None]

MOST_COLUMNS = 2000
NOT_JSON, NOT_AN_OBJECT, NO_TEXT = "not JSON", "not a JSON object", "characters that are no text"


class Number(str):
    """A number's text as it stands in the JSON."""


class NotARecordError(ValueError):
    """The text is no record; the message is the reason, without values."""


def parse_line(line: bytes) -> Any:
    """The value of one line, numbers as the text that they are. NotARecordError when it is not JSON or not text."""
    try:
        value = json.loads(line, parse_float=Number, parse_int=Number, parse_constant=Number)
        if b"\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotARecordError(NO_TEXT) from None
    except UnicodeDecodeError:
        raise NotARecordError("not valid in the file's encoding") from None
    except (ValueError, RecursionError):
        raise NotARecordError(NOT_JSON) from None
    if b"\\u0000" in line and "\\u0000" in json.dumps(value):
        raise NotARecordError("zero bytes")
    return value


def records_in(value: Any, path: str) -> Iterator[Row]:
    """The records at a dotted path inside a value; lists on the way are taken apart.

    A record's own fields have their names; those of the objects around it begin with `parent.`, once for each level.
    NotARecordError when what stands there is no object.
    """
    yield from _descend(value, path.split(".") if path else [], {})


def _descend(value: Any, steps: list[str], around: Row) -> Iterator[Row]:
    if isinstance(value, list):
        for item in value:
            yield from _descend(item, steps, around)
        return
    if not isinstance(value, Mapping):
        raise NotARecordError(NOT_AN_OBJECT)
    if not steps:
        yield {**flat(value), **around}
        return
    inner = value.get(steps[0])
    if inner is None:
        return
    own = flat({key: item for key, item in value.items() if key != steps[0]})
    outer = {f"parent.{name}": item for name, item in {**own, **around}.items()}
    yield from _descend(inner, steps[1:], outer)


def flat(value: Mapping[str, Any], prefix: str = "") -> Row:
    """One object as a flat row."""
    row: Row = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            row |= flat(item, f"{prefix}{key}.")
        else:
            row[f"{prefix}{key}"] = as_text(item)
    return row


def as_text(value: Any) -> str | None:
    """A scalar's text as JSON has it; a list as JSON."""
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, (Number, Decimal)):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_json(str(key))}: {_json(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
