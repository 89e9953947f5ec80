"""YAML with line numbers, and the nearest valid name for a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from crm_pipeline.errors import UserError


def closest(name: str, valid: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or a list of what is valid."""
    known = sorted(valid)
    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; expected one of {', '.join(known)}" if len(known) <= 20 else ""


def _lines(node: Any, path: tuple[str, ...], found: dict[tuple[str, ...], int]) -> None:
    """Note the line of every key path that the parser knows one for; it knows none of merged (`<<`) or tagged nodes."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, CommentedMap):
        items = node.items()
    elif isinstance(node, CommentedSeq):
        items = enumerate(node)
    for key, value in items:
        place = (node.lc.data or {}).get(key)
        if place is not None:
            found[(*path, str(key))] = place[0] + 1
        _lines(value, (*path, str(key)), found)


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _impossible_date_line(text: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        for year, month, day in re.findall(r"(\d{4})-(\d\d?)-(\d\d?)", line):
            try:
                date(int(year), int(month), int(day))
            except ValueError:
                return number
    return 1


def load_with_lines(path: Path) -> tuple[Any, dict[tuple[str, ...], int]]:
    """The file's values and the line of every key path; UserError for what is not YAML or not text."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        node = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        # of a key that stands twice the parser also prints both values: a page for a source
        problem = re.sub(r" with value .*", "", str(error.problem or error.context), flags=re.DOTALL)
        raise UserError(f"{path}, line {line}: not valid YAML: {problem}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable YAML file: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # a date such as 2024-02-30: the parser does not say where
        raise UserError(f"{path}, line {_impossible_date_line(text)}: {error}; dates are written YYYY-MM-DD") from None
    found: dict[tuple[str, ...], int] = {}
    _lines(node, (), found)
    return _plain(node), found
