"""What the contract reads from SQL text: the upstream tables, parameters and columns of a query."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from crm_pipeline.contract.expressions import check_predicate, safe_casts, strict_casts

__all__ = [
    "DIALECT",
    "check_predicate",
    "is_cte_reference",
    "parameters",
    "parse_query",
    "referenced_columns",
    "safe_casts",
    "strict_casts",
    "table_name",
    "upstream_tables",
]

DIALECT = "duckdb"


def parse_query(sql: str, name: str = "query") -> exp.Query:
    """Parse the text of one `.sql` file.

    Args:
        sql: one `select` (or union of them, CTEs allowed), in DuckDB's dialect; one closing semicolon is allowed.
        name: how messages call the text, usually the file's name.

    Returns:
        The syntax tree.

    Raises:
        ValueError: the text does not parse (with its line), is empty, holds several statements, or is no query.
    """
    statements = _parse(sql, name)
    if len(statements) != 1:
        raise ValueError(f"{name}: expected exactly one statement, found {len(statements)}")
    query = statements[0]
    if not isinstance(query, exp.Query):
        raise ValueError(f"{name}: expected a select query, found {query.key.upper()}")
    return query


def upstream_tables(sql: str | exp.Query, name: str = "query") -> tuple[str, ...]:
    """Name the tables that a query reads, sorted, each once, as written (`orders`, `cleaned.orders`).

    CTEs, aliases of subqueries and table functions are not tables. A CTE that shadows a table hides it from the queries
    that see the CTE only: `with orders as (select * from orders) select * from orders` reads the table in its CTE.

    Raises:
        ValueError: as `parse_query`.
    """
    query = parse_query(sql, name) if isinstance(sql, str) else sql
    tables: dict[str, str] = {}
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not is_cte_reference(table):
            tables.setdefault(table_name(table).lower(), table_name(table))
    return tuple(sorted(tables.values()))


def parameters(sql: str | exp.Expr, name: str = "query") -> tuple[str, ...]:
    """Name the parameters (`$snapshot_date` gives `snapshot_date`) of a query, sorted, each once.

    Raises:
        ValueError: as `parse_query`; or a parameter is positional (`?`, `$1`), which nothing could bind by name.
    """
    tree = parse_query(sql, name) if isinstance(sql, str) else sql
    names = {placeholder.name for placeholder in tree.find_all(exp.Placeholder, exp.Parameter)}
    for parameter in names:
        if not parameter.isidentifier():
            raise ValueError(f"{name}: parameters are named, as in $snapshot_date; found a positional one")
    return tuple(sorted(names))


def referenced_columns(expression: str | exp.Expr) -> tuple[str, ...]:
    """Name the columns that a scalar expression reads, sorted, each once; the arguments of lambdas are not columns.

    Raises:
        ValueError: the expression does not parse.
    """
    if isinstance(expression, str):
        trees = _parse(expression, f"expression {expression!r}")
        if len(trees) != 1:
            raise ValueError(f"{expression!r}: expected one expression, found {len(trees)}")
        expression = trees[0]
    bound = {loop.args["expression"].name for loop in expression.find_all(exp.Comprehension)}
    columns = [column for column in expression.find_all(exp.Column) if isinstance(column.this, exp.Identifier)]
    return tuple(sorted({column.parts[-1].name for column in columns} - bound))


def _parse(sql: str, name: str) -> list[exp.Expr]:
    try:
        statements = sqlglot.parse(sql, dialect=DIALECT)
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        line, what = details[0].get("line"), details[0].get("description") or str(error)
        if what.startswith("Required keyword"):
            what = "Something is missing"
        place = f"{name}, line {line}" if line else name
        near = details[0].get("highlight")
        raise ValueError(f"{place}: {what.rstrip('.')}" + (f" near {near!r}" if near else "")) from error
    return [statement for statement in statements if statement and not isinstance(statement, exp.Semicolon)]


def table_name(table: exp.Table) -> str:
    """Write a table's name with its schema and catalogue, as far as they are given, joined by dots."""
    return ".".join(part.name for part in table.parts)


def is_cte_reference(table: exp.Table) -> bool:
    """Tell whether a CTE that is in scope has the table's name. A CTE sees those before it, and itself when recursive.

    `sqlglot.optimizer.scope` answers this too, but compares names by case and leaves out queries inside `unnest`.
    """
    if table.db:
        return False
    within: exp.Expr = table
    ancestor = table.parent
    while ancestor is not None:
        with_ = ancestor if isinstance(ancestor, exp.With) else ancestor.args.get("with_")
        if isinstance(with_, exp.With) and with_ is not within:
            ctes = list(with_.expressions)
            position = next((i for i, cte in enumerate(ctes) if cte is within), len(ctes))
            visible = ctes[: position + 1] if with_.recursive else ctes[:position]
            if any(cte.alias.lower() == table.name.lower() for cte in visible):
                return True
        within, ancestor = ancestor, ancestor.parent
    return False
