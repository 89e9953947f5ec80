"""The text of a proposed crm.yaml: valid YAML, doubts as comments beside the lines that they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from crm_pipeline.onboarding.proposal import Proposal, ProposedColumn, ProposedSource

_PLAIN = re.compile(r"[^\W\d_][\w./*-]*(?: [\w./*-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})
HEAD = "# Proposed by `crm-pipeline init`. Lines with `?` are guesses: look at them, then run `crm-pipeline check`."


def text_of(value: Any) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text_of(key)}: {text_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(text_of(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | date):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _comment(text: str) -> str:
    """A text that fits on one line of comment."""
    return "".join(c if c.isprintable() else " " for c in text)


def render(proposal: Proposal) -> str:
    """The whole file."""
    lines = [HEAD, f"name: {proposal.name}"]
    lines += [_line(f"{key}: {text_of(value)}", note) for key, (value, note) in proposal.settings.items()]
    lines += ["", "sources:"]
    for source in proposal.sources:
        shown = list(_source(source))
        if source.missing and source.entity not in ("orders", "order_lines"):  # so that the rest can run
            shown = [f"  # ? left out until it is complete: {source.name}", *(f"  # {line[2:]}" for line in shown)]
        lines += [*shown, ""]
    for label, names in proposal.unknown:
        lines += [f"  # ? {_comment(label)} fits no entity; its columns: {_comment(', '.join(names))}"]
    return "\n".join(lines).rstrip() + "\n"


def _line(text: str, note: str) -> str:
    return f"{text}{'    # ? ' + _comment(note) if note else ''}"


def _source(source: ProposedSource) -> Iterator[str]:
    yield f"  {source.name}:"
    for note in source.notes:
        yield f"    # ? {_comment(note)}"
    yield f"    entity: {source.entity}"
    yield f"    path: {text_of(source.path)}"
    if source.read:
        yield f"    read: {text_of(source.read)}"
    if source.join:
        yield f"    join: {source.join}    # what the lines do not say stands there, by order_id"
    if source.static:
        yield "    static: true"
    yield "    columns:"
    for item in source.columns:
        yield _line(f"      {text_of(item.target)}: {_mapping(item)}", item.note)
    for name, description in source.missing.items():
        yield f"      # ? {name}: needed, and nothing found for it ({description.rstrip('.')})"
    if source.unused:
        yield f"      # not used: {_comment(', '.join(source.unused))}"


def _mapping(item: ProposedColumn) -> str:
    return text_of(item.mapping)
