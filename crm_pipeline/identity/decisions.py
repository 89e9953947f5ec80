"""What people decided about pairs of records: `identity_decisions.jsonl` beside crm.yaml, which only grows.

{"id": 1, "action": "accept", "left": "web/W20027", "right": "card/AC001007", "by": "kim", "at": "2024-07-01T09:12:00"}
{"id": 2, "action": "undo", "undoes": 1, "by": "kim", "at": "2024-07-01T09:15:00"}
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from os import SEEK_END
from pathlib import Path
from typing import Literal

from crm_pipeline.errors import UserError
from crm_pipeline.identity.settings import Pair, check_pair

FILE = "identity_decisions.jsonl"
Action = Literal["accept", "reject", "undo"]


@dataclass(frozen=True)
class Decision:
    """One line of the file: two records are one customer, or are not, or an earlier decision no longer holds."""

    id: int
    action: Action
    left: str | None
    right: str | None
    undoes: int | None
    by: str
    at: str

    @property
    def pair(self) -> Pair:
        """The two records, in the order of their names."""
        first, second = sorted((self.left or "", self.right or ""))
        return first, second


def load_decisions(folder: Path, sources: Collection[str]) -> tuple[Decision, ...]:
    """Every decision ever made, in order; UserError with the line of a mistake."""
    path = folder / FILE
    if not path.is_file():
        return ()
    found: list[Decision] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # keys may hold what splitlines takes for line ends
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as UTF-8 ({error})") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            found.append(_decision(line, f"{path}, line {number}", found, sources))
    return tuple(found)


def _decision(line: str, where: str, before: list[Decision], sources: Collection[str]) -> Decision:
    try:
        values = json.loads(line)
        number, action = values["id"], values["action"]
        left, right, undoes = values.get("left"), values.get("right"), values.get("undoes")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(f"{where}: no decision; expected what crm-pipeline review writes, or no line") from None
    if type(number) is not int or type(undoes) not in (int, type(None)):
        raise UserError(f"{where}: id and undoes are whole numbers; expected what crm-pipeline review writes")
    found = Decision(number, action, left, right, undoes, str(values.get("by", "")), str(values.get("at", "")))
    if action == "undo":
        if found.undoes not in {item.id for item in before if item.action != "undo"}:
            raise UserError(f"{where}: undoes {found.undoes!r}, which is no decision of an earlier line")
    elif action in ("accept", "reject"):
        if not isinstance(left, str) or not isinstance(right, str):
            raise UserError(f"{where}: left and right name two records, such as accounts/W20027")
        try:
            check_pair((left, right), sources, where, may_share_key=action == "accept")
        except ValueError as error:
            raise UserError(str(error)) from None
    else:
        raise UserError(f"{where}: action {action!r}; expected accept, reject or undo")
    if any(item.id == found.id for item in before):
        raise UserError(f"{where}: the id {found.id} stands on an earlier line already")
    return found


def standing(decisions: Collection[Decision]) -> dict[Pair, Decision]:
    """The decisions that hold: per pair the last one that was not undone."""
    undone = {item.undoes for item in decisions if item.action == "undo"}
    return {item.pair: item for item in decisions if item.action != "undo" and item.id not in undone}


def append_decision(folder: Path, decision: Decision) -> None:
    """Add one line to the file, even where an editor left its last line open; UserError when it cannot be written."""
    values = {key: value for key, value in asdict(decision).items() if value is not None}
    path = folder / FILE
    try:
        with path.open("a+b") as file:
            file.seek(0, SEEK_END)
            if file.tell():
                file.seek(-1, SEEK_END)
                start = b"" if file.read(1) == b"\n" else b"\n"
            else:
                start = b""
            file.write(start + json.dumps(values, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); correct the permissions") from None
