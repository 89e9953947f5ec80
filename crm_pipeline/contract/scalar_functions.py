"""Which functions an expression over one row may call, judged by DuckDB's own catalogue.

What is allowed is what the catalogue calls a scalar function with a consistent result, so what an extension or a later
version adds is refused until DuckDB vouches for it. The sets below hold the cases that the catalogue does not settle.
"""

from __future__ import annotations

import difflib
from functools import cache

import duckdb

# Names that DuckDB reads as functions, without parentheses, when no column has them.
CLOCK_AND_SESSION_NAMES = frozenset(
    {
        "current_catalog",
        "current_database",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "localtime",
        "localtimestamp",
        "session_user",
    }
)

# Consistent by the catalogue, but dependent on the clock, the session or the version, or able to plan a query.
_IMPURE = CLOCK_AND_SESSION_NAMES | {
    "ago",
    "current_localtime",
    "current_localtimestamp",
    "json_deserialize_sql",
    "json_serialize_plan",
    "json_serialize_sql",
    "parse_duckdb_log_message",
    "user",
    "version",
}

# Functions that are syntax in the grammar, hence not in the catalogue.
_SYNTAX = frozenset({"overlay", "position", "row", "struct_pack", "timezone"})

# Macros whose bodies have been read; the catalogue states no stability for macros.
_PURE_MACROS = frozenset(
    {
        "date_add",
        "days_in_month",
        "fdiv",
        "fmod",
        "if",
        "json",
        "map_contains_entry",
        "map_contains_value",
        "md5_number_lower",
        "md5_number_upper",
        "nullif",
        "split_part",
    }
)
_PURE_MACRO_PREFIXES = ("array_", "list_")


def check_scalar_function(name: str, argument_count: int) -> None:
    """Check that a function's result depends on nothing but its arguments.

    Args:
        name: the function's name, in any case.
        argument_count: how many arguments the call has; `age` counts from today when it has one.

    Raises:
        ValueError: it aggregates, reads tables, files, settings, the clock or randomness, or DuckDB does not know
            it; the message says which.
    """
    name = name.lower()
    if name in _SYNTAX or name in _PURE_MACROS:
        return
    overloads = _catalogue().get(name, frozenset())
    kinds = {kind for kind, _ in overloads}
    if name in _IMPURE or any(stability != "CONSISTENT" for _, stability in overloads):
        raise ValueError(impure(name))
    if name == "age" and argument_count == 1:
        raise ValueError("`age` with one argument counts from today; give both times")
    if not kinds:
        close = difflib.get_close_matches(name, _catalogue(), n=1)
        guess = f"; did you mean `{close[0]}`?" if close else ""
        raise ValueError(f"`{name}` is not a built-in scalar function{guess}")
    if name == "unnest" or kinds & {"aggregate", "window"}:
        raise ValueError(f"`{name}` works over several rows; an expression sees one row only")
    is_macro = kinds == {"macro"} and name.startswith(_PURE_MACRO_PREFIXES)
    is_scalar = "scalar" in kinds and not name.startswith("__")
    if not (is_macro or is_scalar):
        raise ValueError(f"`{name}` reads tables, files or settings; an expression reads the columns of its row")


def impure(name: str) -> str:
    """Say why a function or name that is not a function of the row is refused."""
    return (
        f"`{name.lower()}` depends on the clock, the session, settings or randomness, so a rerun would differ; "
        "use a column of the source, or a literal"
    )


@cache
def parser_connection() -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in memory, for its parser and catalogue, without access to files; use its `cursor()`."""
    return duckdb.connect(config={"enable_external_access": "false"})


@cache
def _catalogue() -> dict[str, frozenset[tuple[str, str]]]:
    """Map each function's name to its (type, stability) pairs over all overloads."""
    query = "select function_name, function_type, coalesce(stability, 'CONSISTENT') from duckdb_functions()"
    kinds: dict[str, set[tuple[str, str]]] = {}
    for name, kind, stability in parser_connection().cursor().execute(query).fetchall():
        kinds.setdefault(name.lower(), set()).add((kind, stability))
    return {name: frozenset(pairs) for name, pairs in kinds.items()}
