"""What is wrong with a setting, in words for people who do not know the library that found it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLES = {
    "name": "name: my_shop",
    "currency": "currency: EUR",
    "snapshots": "snapshots: {every: month, first: 2024-06-01}",
    "sources": "sources: {shop: {entity: order_lines, path: exports/*.csv, columns: {order_id: Order No, ...}}}",
    "churn": "churn: {horizon_days: 30}",
    "clv": "clv: {horizon_days: 90}",
    "recommendations": "recommendations: {horizon_days: 30}",
    "segments": "segments: {custom: {big spenders: spend_amount_90d > 500}}",
    "custom": "custom: {big spenders: spend_amount_90d > 500}",
    "entity": "entity: order_lines",
    "path": "path: exports/orders_*.csv",
    "columns": "columns: {order_id: Order No, customer_id: Customer, ...}",
    "rules": "rules: {no giants: quantity < 1000}",
    "dates": "dates: [2024-06-01, 2024-09-15]",
}
"""How a key is written rightly."""
EXPECTED = {
    "dict_type": "a section with keys of its own",
    "model_type": "a section with keys of its own",
    "too_short": "a section with keys of its own",
    "tuple_type": "a list",
    "list_type": "a list",
    "union_tag_invalid": "one of {expected_tags}",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "string_too_short": "text",
}
PATTERNS = {
    "name": "lower-case letters, digits and _, beginning with a letter",
    "currency": "three capital letters",
}


def in_words(error: Mapping[str, Any]) -> str:
    """One entry of a validation error as a sentence: what was expected, an example, what was found."""
    kind, key = str(error["type"]), str(error["loc"][-1]) if error["loc"] else ""
    example = f", for example `{EXAMPLES[key]}`" if key in EXAMPLES else ""
    if kind == "missing":
        return f"is missing{example.replace(', ', '; ', 1)}"
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind.startswith("date_"):
        expected = "a date such as 2024-06-01"
    elif kind == "string_pattern_mismatch":
        expected = PATTERNS.get(key, "other text") + example
    elif kind in EXPECTED:
        limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in _context(error).items()}
        expected = EXPECTED[kind].format(**limits) + example
    else:
        expected = str(error["msg"])
    if kind == "union_tag_invalid":  # what was found is the whole section; of it the key that decides is told
        return f"{_decider(error)}: expected {expected}, found {_found(_context(error)['tag'])}"
    if kind == "union_tag_not_found":
        return f"{_decider(error)} is missing"
    if "extract" in error["loc"] or error["loc"][:1] == ("alerts",):  # what was found there may be a secret
        return f"expected {expected}"
    return f"expected {expected}, found {_found(error.get('input'))}"


def _context(error: Mapping[str, Any]) -> Mapping[str, Any]:
    context: Mapping[str, Any] = error.get("ctx") or {}
    return context


def _decider(error: Mapping[str, Any]) -> str:
    """The key that says of which kind a section is."""
    return str(_context(error)["discriminator"]).strip("'")


def _found(value: Any) -> str:
    if value is None or value == "" or value == {} or value == []:
        return "nothing"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
