"""Lint rules on orderings that decide something: they must leave no ties, or the threads of the engine decide."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from crm_pipeline.contract.lint_source import Finding, Source, line_of

# Windowed picks whose result is a value of another row: the same for rows that tie only if ties share that value.
_VALUE_FUNCTIONS = (exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead)

# Columns that are one value in a whole build, so they break no tie.
_CONSTANT_COLUMNS = frozenset({"snapshot_date"})


def untied_windows(source: Source) -> Iterator[Finding]:
    """Windows that number rows or pick one need an order without ties."""
    for window in source.tree.find_all(exp.Window):
        function = window.this.this if isinstance(window.this, (exp.IgnoreNulls, exp.RespectNulls)) else window.this
        if isinstance(function, exp.Identifier):
            continue  # the definition of a named window
        partition, order, frame = _window_parts(window)
        keys = _plain_columns(partition) | _plain_columns([ordered.this for ordered in order])
        if isinstance(function, _VALUE_FUNCTIONS):
            needs_order = not {column.name.lower() for column in function.find_all(exp.Column)} <= keys
        else:
            is_running = frame is not None and str(frame.args.get("kind")).upper() == "ROWS"
            needs_order = isinstance(function, (exp.RowNumber, exp.Ntile)) or is_running
        if needs_order and not _is_total(source, window, order, partition):
            yield Finding(
                "untied-order", f"`{function.key}` over an order with ties: {_advice(source)}", line_of(window)
            )


def untied_limits(source: Source) -> Iterator[Finding]:
    """`limit` and `distinct on` keep rows by their order, which must then have no ties."""
    for query in source.tree.find_all(exp.Query):
        distinct = query.args.get("distinct")
        clause = "limit" if query.args.get("limit") else "offset" if query.args.get("offset") else None
        if isinstance(distinct, exp.Distinct) and distinct.args.get("on"):
            clause = "distinct on"
        order = query.args.get("order")
        if clause and not (order and _is_total(source, query, order.expressions, [])):
            yield Finding(
                "untied-order", f"`{clause}` without an order that has no ties: {_advice(source)}", line_of(query)
            )


def _window_parts(window: exp.Window) -> tuple[list[exp.Expr], list[exp.Expr], exp.Expr | None]:
    """Partition, order and frame of a window; a named one is looked up in its select."""
    select = window.find_ancestor(exp.Select)
    named = {w.name.lower(): w for w in (select.args.get("windows") or ())} if select else {}
    base = named.get(window.alias.lower()) if window.alias else None
    partition = window.args.get("partition_by") or (base.args.get("partition_by") if base else None) or []
    order = window.args.get("order") or (base.args.get("order") if base else None)
    frame = window.args.get("spec") or (base.args.get("spec") if base else None)
    return partition, order.expressions if order else [], frame


def _plain_columns(expressions: list[exp.Expr]) -> set[str]:
    unwrapped = [expression.unnest() for expression in expressions]
    return {column.name.lower() for column in unwrapped if isinstance(column, exp.Column)}


def _is_total(source: Source, node: exp.Expr, order: list[exp.Expr], partition: list[exp.Expr]) -> bool:
    if any(isinstance(ordered.this, exp.Var) and ordered.this.name.upper() == "ALL" for ordered in order):
        return True  # rows that tie on all columns are equal
    fixed = _plain_columns(partition)
    names = _plain_columns([ordered.this for ordered in order])
    grain = {column.lower() for column in source.grain} - _CONSTANT_COLUMNS
    if any(name.endswith("_id") or name in grain for name in names - fixed):
        return True
    keys = _group_keys(node)
    return bool(keys) and bool(names) and keys <= names | fixed


def _group_keys(node: exp.Expr) -> set[str]:
    """The keys of the only source of the select around `node`, where that is a query with `group by`."""
    select = node if isinstance(node, exp.Select) else node.find_ancestor(exp.Select)
    if select is None or select.args.get("joins") or select.args.get("from_") is None:
        return set()
    read = select.args["from_"].this
    inner: exp.Expr | None = read.this if isinstance(read, exp.Subquery) else None
    if isinstance(read, exp.Table) and not read.db:
        ctes = [cte for cte in select.root().find_all(exp.CTE) if cte.alias.lower() == read.name.lower()]
        inner = ctes[0].this if len(ctes) == 1 else None
    group = inner.args.get("group") if isinstance(inner, exp.Select) else None
    if group is None or not isinstance(inner, exp.Select) or not group.expressions:
        return set()
    outputs = {item.unalias().sql(): item.alias_or_name.lower() for item in inner.expressions}
    keys = {outputs.get(key.sql(), "") for key in group.expressions}
    return set() if "" in keys else keys


def _advice(source: Source) -> str:
    return f"end it in a unique key ({', '.join(source.grain) or 'an `_id` column'})"


RULES = (untied_windows, untied_limits)
