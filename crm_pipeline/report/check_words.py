"""What a check asks and found, in plain words: the ledger keeps names such as ``maximum(is_fallback)`` and bounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_pipeline.report.cells import Result
    from crm_pipeline.report.wording import Wording

STATISTIC = re.compile(r"(\w+?)\((\w+)\)")
MISSING = re.compile(r"(\w+) is not missing")
GRAIN = re.compile(r"unique\((.+)\)")
BOUNDS = re.compile(r"(-?[\d.]+(?:e[+-]?\d+)?)?\.\.(-?[\d.]+(?:e[+-]?\d+)?)?")
ROWS = re.compile(r"([\d,]+) rows? (?:fails?|shares? a grain)")


def asked(result: Result, row: int, words: Wording) -> str:
    """The check of a row in words; a rule over rows, which a project may have written, stands as it is."""
    name = str(result.cell(row, "check_name").value)
    name = name.partition(": ")[2] or name
    if found := MISSING.fullmatch(name):
        return words("check.missing").format(column=_spaced(found[1]))
    if found := GRAIN.fullmatch(name):
        return words("check.unique").format(columns=_spaced(found[1]))
    if found := STATISTIC.fullmatch(name):
        statistic, column = found.groups()
        if own := _own_words(name, words):
            return words(own)
        general = f"check.{statistic}"
        return words(general).format(column=_spaced(column)) if words.has(general) else _spaced(name)
    return words(f"check.{name}") if words.has(f"check.{name}") else name


def breakable(name: str) -> str:
    """A table's name that a narrow column breaks at its underscores."""
    return name.replace("_", "_\N{ZERO WIDTH SPACE}")


def observed(result: Result, row: int, words: Wording) -> str:
    """What was found, and what was expected; nothing for a flag, whose words tell it all."""
    if ".is_" in _own_words(str(result.cell(row, "check_name").value), words):
        return ""
    found, expected = (str(result.cell(row, name).value or "") for name in ("observed", "expected"))
    if counted := ROWS.fullmatch(found):
        number = int(counted[1].replace(",", ""))
        return words("check.row" if number == 1 else "check.rows").format(count=words.number(float(number), "count"))
    bounds = BOUNDS.fullmatch(expected)
    if bounds is None or not any(bounds.groups()):
        return found
    low, high = (_number(text, words) for text in bounds.groups())
    key = (
        "check.exactly" if low == high else "check.between" if low and high else "check.least" if low else "check.most"
    )
    return words(key).format(found=_number(found, words) or found, low=low, high=high)


def _own_words(name: str, words: Wording) -> str:
    """The key of what a column's statistics say by themselves; empty where there are no such words."""
    found = STATISTIC.fullmatch(name.partition(": ")[2] or name)
    key = f"check.of.{found[2]}" if found else ""
    return key if words.has(key) else ""


def _number(text: str | None, words: Wording) -> str:
    """A number of the ledger as readers write it."""
    try:
        value = float(text or "")
    except ValueError:
        return ""
    return words.number(value, "count" if value.is_integer() else "fine")


def _spaced(name: str) -> str:
    return name.replace("_", " ")
