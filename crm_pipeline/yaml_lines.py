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
    if isinstance(node, CommentedMap):
        for key in node:
            found[(*path, str(key))] = node.lc.key(key)[0] + 1
            _lines(node[key], (*path, str(key)), found)
    elif isinstance(node, CommentedSeq):
        for index, item in enumerate(node):
            found[(*path, str(index))] = node.lc.item(index)[0] + 1
            _lines(item, (*path, str(index)), found)


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
        raise UserError(f"{path}, line {line}: not valid YAML: {error.problem or error.context}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable YAML file: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # a date such as 2024-02-30: the parser does not say where
        raise UserError(f"{path}, line {_impossible_date_line(text)}: {error}; dates are written YYYY-MM-DD") from None
    found: dict[tuple[str, ...], int] = {}
    _lines(node, (), found)
    return _plain(node), found
