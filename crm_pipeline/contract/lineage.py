"""Where each column of a query comes from: the columns of upstream tables that its values are made of.

The query is qualified once (sqlglot: every column with its table, `*` and aliases expanded); then each output column is
followed through the scopes down to the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, find_all_in_scope
from sqlglot.schema import MappingSchema

from crm_pipeline.contract.sql import DIALECT, parse_query

Origin = tuple[str, str]
"""An upstream table and one of its columns."""

Lineage = dict[str, tuple[Origin, ...]]


class _UnresolvedError(Exception):
    """A part of the query whose origin cannot be told."""


def column_lineage(
    sql: str,
    upstream_schemas: Mapping[str, Mapping[str, str]],
    expected_columns: Sequence[str] | None = None,
) -> Lineage | None:
    """Tell for each output column of a query which upstream columns its values are made of.

    An origin is a column in the expression itself, with what decides among values there: conditions of `case` and
    `filter`, the partition and order of windows, and all that a subquery in the expression reads. `count(*)` counts the
    groups that its sources make, per group: its origins are the columns of `group by`, there and upstream. Clauses that
    only choose rows (`where`, `join … on`) are no origins. A column joined with `using` has its origins on both sides,
    a field of a struct those of the whole struct.

    Args:
        sql: one query in DuckDB's dialect.
        upstream_schemas: for each upstream table, its columns with their DuckDB types.
        expected_columns: the columns that the query returns, in any order; also the spelling of the keys.

    Returns:
        Output column to its origins, sorted; an empty tuple for constants and parameters. None when anything is not
        certain: SQL that does not parse, unknown or ambiguous columns, a select list other than `expected_columns`,
        recursive CTEs, lateral subqueries, pivots, `columns(…)`, `union by name`.
    """
    try:
        lineage = _lineage(sql, upstream_schemas)
    except (_UnresolvedError, SqlglotError, ValueError):  # no lineage rather than a wrong one
        return None
    if expected_columns is None:
        return lineage
    by_key = {name.lower(): origins for name, origins in lineage.items()}
    if sorted(by_key) != sorted(name.lower() for name in expected_columns):
        return None
    return {name: by_key[name.lower()] for name in expected_columns}


def _lineage(sql: str, upstream_schemas: Mapping[str, Mapping[str, str]]) -> Lineage:
    tree = parse_query(sql)
    if any(_is_unsupported(node) for node in tree.walk()):
        raise _UnresolvedError("a clause whose columns do not follow from the text")
    spelling = _spelling(tree, upstream_schemas)
    # Types decide nothing here, and not all of DuckDB's are known to sqlglot.
    untyped: dict[str, object] = {
        table: dict.fromkeys(columns, "unknown") for table, columns in upstream_schemas.items() if columns
    }
    schema = MappingSchema(untyped, dialect=DIALECT)
    qualified = qualify(tree, schema=schema, dialect=DIALECT, identify=False)  # names are folded to lower case here
    scope = build_scope(qualified)
    names = [name.lower() for name in qualified.named_selects] if isinstance(qualified, exp.Query) else []
    if scope is None or not names or len(set(names)) != len(names) or any(_is_generated(name) for name in names):
        raise _UnresolvedError("columns without a name of their own")
    if any(_is_unsupported(node) for node in qualified.walk()):
        raise _UnresolvedError("a whole row in place of a column")
    tracer = _Tracer(upstream_schemas)
    return {
        spelling.get(name, name): tuple(sorted(tracer.output(scope, position))) for position, name in enumerate(names)
    }


def _is_unsupported(node: exp.Expr) -> bool:
    return (
        isinstance(node, (exp.Columns, exp.Pivot, exp.TableColumn))
        or (isinstance(node, exp.SetOperation) and bool(node.args.get("by_name")))
        or (isinstance(node, exp.With) and bool(node.recursive))
    )


def _is_generated(name: str) -> bool:
    """Whether sqlglot made the name up, or could not expand it; DuckDB calls such columns otherwise."""
    return name in ("", "*") or name.startswith("_col_")


def _spelling(tree: exp.Query, upstream_schemas: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """How to spell a folded name: as the select list does, else as upstream does, else as an alias inside does."""
    aliases = [alias.alias for alias in tree.find_all(exp.Alias)]
    upstream = [column for columns in upstream_schemas.values() for column in columns]
    selected = [item.alias for item in tree.selects if isinstance(item, exp.Alias)]
    return {name.lower(): name for name in (*aliases, *upstream, *selected)}


class _Tracer:
    """Follows columns of qualified scopes down to tables, each column of each scope once."""

    def __init__(self, upstream_schemas: Mapping[str, Mapping[str, str]]) -> None:
        self._tables = {
            table.lower(): (table, {column.lower(): column for column in columns})
            for table, columns in upstream_schemas.items()
        }
        self._known: dict[tuple[int, int], frozenset[Origin]] = {}
        self._scopes: list[Scope] = []  # keeps scopes alive, so that their ids stay theirs

    def output(self, scope: Scope, position: int) -> frozenset[Origin]:
        """The origins of the output column at a position (from 0) of a scope."""
        key = (id(scope), position)
        if key not in self._known:
            self._scopes.append(scope)
            self._known[key] = frozenset(self._trace_output(scope, position))
        return self._known[key]

    def _trace_output(self, scope: Scope, position: int) -> Iterator[Origin]:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            sides = [side.expression for side in scope.set_operation_scopes]
            widths = {len(side.selects) for side in sides if isinstance(side, exp.Query)}
            if len(sides) != 2 or len(widths) != 1:
                raise _UnresolvedError("a union whose sides are not queries with as many columns")
            for side in scope.set_operation_scopes:
                yield from self.output(side, position)
        elif isinstance(query, exp.Select):
            yield from self._expression(scope, query.expressions[position])
        elif isinstance(query, (exp.Unnest, exp.Values)):
            if next(query.find_all(exp.Query, exp.Subquery), query) is not query:
                raise _UnresolvedError("a subquery in a table function")
            for column in query.find_all(exp.Column):
                yield from self._column(scope, column)
        else:
            raise _UnresolvedError(f"a source of the kind {query.key}")

    def _expression(self, scope: Scope, expression: exp.Expr) -> Iterator[Origin]:
        """The origins of all columns in an expression, those in its subqueries included."""
        for column in find_all_in_scope(expression, exp.Column):
            yield from self._column(scope, column)
        for window in find_all_in_scope(expression, exp.Window):
            if window.alias:
                yield from self._expression(scope, _named_window(scope, window.alias))
        if any(isinstance(count.this, exp.Star) for count in find_all_in_scope(expression, exp.Count)):
            yield from self._group_keys(scope)
        subqueries = {id(inner.expression): inner for inner in scope.subquery_scopes}
        for query in find_all_in_scope(expression, exp.Select, exp.SetOperation):
            if query is expression:
                continue
            if id(query) not in subqueries:
                raise _UnresolvedError("a subquery without a scope")
            yield from self._whole_query(subqueries[id(query)])

    def _group_keys(self, scope: Scope) -> Iterator[Origin]:
        """The origins of the columns that a select groups by, and those of the selects that it reads."""
        group = scope.expression.args.get("group")
        if isinstance(scope.expression, exp.Select) and group is not None:
            selected = [item for item in scope.expression.expressions if not item.find(exp.AggFunc)]
            for key in selected if group.args.get("all") else group.expressions:
                yield from self._expression(scope, key)
        for _, source in scope.selected_sources.values():
            if isinstance(source, Scope):
                yield from self._group_keys(source)

    def _whole_query(self, scope: Scope) -> Iterator[Origin]:
        """The origins of everything that a subquery reads: its value depends on its rows as much as on its columns."""
        if isinstance(scope.expression, exp.SetOperation):
            for side in scope.set_operation_scopes:
                yield from self._whole_query(side)
        else:
            yield from self._expression(scope, scope.expression)

    def _column(self, scope: Scope, column: exp.Column) -> frozenset[Origin]:
        name, visible = column.name.lower(), scope
        while column.table not in visible.sources and visible.parent is not None:
            visible = visible.parent  # a correlated subquery reads columns of the query around it
        source = visible.sources.get(column.table)
        if isinstance(source, Scope):
            return self.output(source, _position(source, name))
        if not isinstance(source, exp.Table) or source.db:
            raise _UnresolvedError(f"column {column.sql()} has no known source")
        if isinstance(source.this, exp.GenerateSeries):
            if source.find(exp.Column):
                raise _UnresolvedError("a series whose bounds are columns")
            return frozenset()
        table, columns = self._tables.get(source.name.lower(), ("", {}))
        if name not in columns:
            raise _UnresolvedError(f"unknown column {column.sql()}")
        return frozenset({(table, columns[name])})


def _position(scope: Scope, name: str) -> int:
    query = scope.expression
    if isinstance(query, (exp.Unnest, exp.Values)):
        return 0  # all columns of a table function come from all its arguments
    names = [select.lower() for select in query.named_selects] if isinstance(query, exp.Query) else []
    if names.count(name) != 1:
        raise _UnresolvedError(f"{name} is not one column of its source")
    return names.index(name)


def _named_window(scope: Scope, name: str) -> exp.Expr:
    for window in scope.expression.args.get("windows") or ():
        if isinstance(window, exp.Window) and window.name.lower() == name.lower():
            return window
    raise _UnresolvedError(f"unknown window {name}")
