"""Scalar expressions that a user writes: mappings from a source's columns to a field, and row rules.

They are checked and rewritten on the parse tree of DuckDB (`json_serialize_sql`), the engine that runs them: another
parser lets through what it reads otherwise; sqlglot, for one, turns the JSON key in `x ->> 'a.b'` into a path.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import duckdb
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from crm_pipeline.contract.scalar_functions import (
    CLOCK_AND_SESSION_NAMES,
    check_scalar_function,
    impure,
    parser_connection,
)

Node = dict[str, Any]

_ALLOWED_CLASSES = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "TYPE",
    }
)

_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "^", "**", "||"})

_HINTS = {
    "SUBQUERY": "a subquery reads other rows; map the columns, and join in a table's own `.sql`",
    "WINDOW": "a window function reads other rows; compute it in a table's own `.sql`",
    "STAR": "`*` stands for many columns; name one",
    "PARAMETER": "parameters are not bound here; write the value",
}


def safe_casts(expression_sql: str) -> str:
    """Check a mapping expression, and return it with casts that give null where a value does not convert.

    `cast(x as t)`, `x::t` and `strptime` become `try_cast` and `try_strptime`: one bad value in a source must reject
    its row, not stop the load. A cast of a literal (`'2024-01-31'::date`) stays: it holds for every row or for none.

    Returns:
        The expression in DuckDB's dialect, without comments.

    Raises:
        ValueError: the text is not one scalar expression over the columns of its own row (it is a statement, or holds a
            subquery, table, aggregate, window or parameter), or calls something that does not depend on the row alone
            (clock, randomness, files, network, settings); the message says how to put it right.
    """
    tree = _checked_tree(expression_sql)
    for node in _walk(tree):
        if node["class"] == "CAST" and node["child"]["class"] == "CONSTANT":
            _check_literal(node, expression_sql)
        elif node["class"] == "CAST":
            node["try_cast"] = True
        elif node["class"] == "FUNCTION" and node["function_name"].lower() == "strptime":
            node["function_name"] = "try_strptime"
            node["qualified_name"]["path"] = ["try_strptime"]
    return _render(tree)


def strict_casts(expression_sql: str, nulls: Sequence[str]) -> str:
    """Check an expression, and return it with casts that fail on a value that does not convert, unless it is missing.

    Args:
        expression_sql: as for `safe_casts`.
        nulls: texts that stand for a missing value, beside a blank one.

    Raises:
        ValueError: as `safe_casts`.
    """
    tree = _checked_tree(expression_sql)
    present = "trim(cast(given as varchar))"
    for text in ("", *nulls):
        present = f"nullif({present}, '{text.replace(chr(39), chr(39) * 2)}')"
    template = _parse(present)[0][0]
    for node in list(_walk(tree)):
        if node["class"] == "CAST" and node["child"]["class"] != "CONSTANT":
            node["child"] = _filled_in(template, node["child"])
        elif node["class"] == "FUNCTION" and node["function_name"].lower() == "strptime":
            first = node["arguments"][0]
            first["expression"] = _filled_in(template, first["expression"])
    return _render(tree)


def _filled_in(template: Any, given: Node) -> Any:
    """The tree of a template with ``given`` in place of its column."""
    if isinstance(template, dict):
        if template.get("class") == "COLUMN_REF":
            return given
        return {key: _filled_in(value, given) for key, value in template.items()}
    return [_filled_in(item, given) for item in template] if isinstance(template, list) else template


def check_predicate(predicate_sql: str) -> str:
    """Check a row rule: a scalar expression, as for `safe_casts`, that can be true or false; its casts stay.

    Returns:
        The predicate in DuckDB's dialect, without comments.

    Raises:
        ValueError: as `safe_casts`, or the expression cannot be boolean (`quantity + 1`).
    """
    tree = _checked_tree(predicate_sql)
    rendered = _render(tree)
    is_arithmetic = tree["class"] == "FUNCTION" and tree["function_name"] in _ARITHMETIC
    kind = "a number or text" if is_arithmetic else _known_type(rendered)
    if kind not in (None, "boolean"):
        raise ValueError(f"{predicate_sql!r} is {kind}, not boolean; state what must hold, such as `quantity > 0`")
    return rendered


def _known_type(sql: str) -> str | None:
    """The type of an expression as far as it follows without the types of its columns; None where it does not."""
    try:
        kind = annotate_types(sqlglot.parse_one(sql, dialect="duckdb"), dialect="duckdb").type
    except SqlglotError:  # DuckDB parses it; then it is for DuckDB to judge when the rule runs
        return None
    name = kind.sql("duckdb").lower() if kind is not None else "unknown"
    return None if name in ("unknown", "null") else name


def _checked_tree(text: str) -> Node:
    if not text.strip():
        raise ValueError("the expression is empty; name a column, or write null for a field that the source lacks")
    items, has_clauses = _parse(text)
    for node in _walk(items):
        try:
            _check_node(node)
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from None
    if len(items) != 1 or has_clauses:
        raise ValueError(f"{text!r}: expected a single scalar expression, without clauses such as from, where or limit")
    if items[0]["alias"]:
        raise ValueError(
            f"{text!r}: leave out the alias `{items[0]['alias']}`; the field that is mapped gives the name"
        )
    return items[0]


def _check_node(node: Node) -> None:
    kind = node["class"]
    if kind not in _ALLOWED_CLASSES or node["type"] == "GROUPING_FUNCTION":
        hint = _HINTS.get(kind, "use columns, literals, operators and scalar functions")
        raise ValueError(f"{node['type'].lower().replace('_', ' ')} is not allowed in an expression: {hint}")
    if kind == "FUNCTION" and not node["is_operator"]:
        if node["schema"] or node["catalog"]:
            raise ValueError(f"call functions without a prefix, `{node['function_name']}(...)`")
        check_scalar_function(node["function_name"], len(node["arguments"]))
    if kind == "COLUMN_REF":
        names = node["column_names"]
        if len(names) > 1:
            dotted = ".".join(names)
            raise ValueError(
                f"`{dotted}` names a table; write the column alone, and a field of a struct as column['field']"
            )
        if names[0].lower() in CLOCK_AND_SESSION_NAMES:
            raise ValueError(impure(names[0]))


def _check_literal(cast: Node, text: str) -> None:
    try:
        parser_connection().cursor().execute(f"select {_render(cast)}").fetchone()
    except duckdb.Error as error:
        raise ValueError(f"{text!r}: {str(error).splitlines()[0]}") from None


def _parse(text: str) -> tuple[list[Node], bool]:
    """Parse `select <text>`; return its items, and whether the statement holds anything else."""
    statement = _serialize(f"select {text}\n")  # the line break ends a comment
    if statement["error"]:
        raise ValueError(f"{text!r} is not a scalar expression: {statement.get('error_message', 'it does not parse')}")
    items: list[Node] = statement["statements"][0]["node"].get("select_list", [])
    return items, statement != _statement(items)


def _render(tree: Node) -> str:
    parameters = {"tree": json.dumps(_statement([tree]))}
    row = parser_connection().cursor().execute("select json_deserialize_sql($tree)", parameters).fetchall()[0]
    return str(row[0]).removeprefix("SELECT ")


def _serialize(sql: str) -> Node:
    row = parser_connection().cursor().execute("select json_serialize_sql($sql)", {"sql": sql}).fetchall()[0]
    statement: Node = json.loads(row[0])
    return statement


def _statement(items: list[Node]) -> Node:
    """The tree of a statement that selects the items and has no other clause."""
    statement = copy.deepcopy(_bare_statement())
    statement["statements"][0]["node"]["select_list"] = items
    return statement


@cache
def _bare_statement() -> Node:
    return _serialize("select 0")


def _walk(node: Any) -> Iterator[Node]:
    if isinstance(node, dict) and "class" in node:
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _walk(child)
