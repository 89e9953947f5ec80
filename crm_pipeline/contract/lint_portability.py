"""Lint rules against what changes its meaning, or fails, on another engine (Spark through sqlglot)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

from crm_pipeline.contract.lint_source import Finding, Source, line_of

RULE = "portability"

_BANNED_CALLS = {
    "dayofweek": "engines count weekdays from 0 or 1, Sunday or Monday; use `date_diff('day', a_monday, d) % 7`",
    "weekday": "engines count weekdays from 0 or 1, Sunday or Monday; use `date_diff('day', a_monday, d) % 7`",
    "log": "base 10 here, base e on Spark; use `ln`",
    "hash": "every engine and version hashes otherwise; use `md5` where a hash is needed",
    "quantile_cont": "not on Spark; use `median`, or pick by row_number()",
    "week": "weeks are numbered differently; count days from a fixed Monday",
}

_ROUNDING = (exp.Floor, exp.Ceil, exp.Round, exp.Trunc)
_VALUE_PRESERVING = (
    *(exp.Abs, exp.Add, exp.Case, exp.Coalesce, exp.Filter, exp.Greatest, exp.IntDiv, exp.Lag, exp.Lead, exp.Least),
    *(exp.Max, exp.Min, exp.Mod, exp.Mul, exp.Neg, exp.Nullif, exp.Paren, exp.Sub, exp.Sum, exp.Window, exp.If),
    *(exp.FirstValue, exp.LastValue, exp.Distinct),
)
_TEXT_FUNCTIONS = (exp.RegexpExtract, exp.Replace, exp.SplitPart, exp.JSONExtractScalar)
_DATE_PRESERVING = (exp.Max, exp.Min, exp.Coalesce, exp.Greatest, exp.Least, exp.Paren, exp.Lag, exp.Lead, exp.Window)


def banned_calls(source: Source) -> Iterator[Finding]:
    """Functions whose meaning differs by engine."""
    for name, token in source.calls():
        if name in _BANNED_CALLS:
            yield Finding(RULE, f"`{name}`: {_BANNED_CALLS[name]}", token.line)
    for part in source.tree.find_all(exp.Extract):
        if part.name.upper() in ("DOW", "DAYOFWEEK", "WEEKDAY"):
            yield Finding(RULE, f"`extract({part.name.lower()} …)`: {_BANNED_CALLS['dayofweek']}", line_of(part))


def date_differences(source: Source) -> Iterator[Finding]:
    """Differences count days between dates; of timestamps, and in months, engines count differently."""
    for difference in source.tree.find_all(exp.DateDiff):
        if difference.text("unit").upper() == "MONTH":
            yield Finding(
                RULE, "`date_diff('month', …)`: engines count months differently; use days", line_of(difference)
            )
        for argument in (difference.expression, difference.this):
            if not _is_date(argument):
                shown = argument.sql(dialect="duckdb").lower()
                yield Finding(
                    RULE, f"`date_diff` of `{shown}`: cast it to a date, `{shown}::date`", line_of(difference)
                )
    for call in source.tree.find_all(exp.Anonymous):
        if call.name.lower() in ("date_sub", "datesub") and len(call.expressions) == 3:
            yield Finding(RULE, "`date_sub` with three arguments: use `date_diff` of dates", line_of(call))


def _is_date(value: exp.Expr) -> bool:
    if isinstance(value, exp.Cast):
        return bool(value.to.is_type(exp.DType.DATE))
    if isinstance(value, exp.Column):
        return value.name.lower().endswith("_date")
    if isinstance(value, _DATE_PRESERVING):
        values = [value.this, *value.expressions]
        return all(_is_date(inner) for inner in values if inner is not None)
    return False


def integer_casts(source: Source) -> Iterator[Finding]:
    """A float cast to an integer is rounded here and truncated on Spark: `floor` or `round` says which."""
    for cast in source.tree.find_all(exp.Cast):
        if cast.to.is_type(*exp.DataType.INTEGER_TYPES) and _may_be_fractional(cast.this):
            shown = cast.sql(dialect="duckdb").lower()
            yield Finding(RULE, f"`{shown}`: put floor(…) or round(…) inside the cast", line_of(cast))


def _may_be_fractional(value: exp.Expr) -> bool:
    if isinstance(value, _ROUNDING):
        return False
    if isinstance(value, exp.Literal):
        return not value.is_string and not value.is_int
    if isinstance(value, exp.Case):
        branches = [branch.args["true"] for branch in value.args["ifs"]]
        return any(
            _may_be_fractional(branch) for branch in (*branches, value.args.get("default")) if branch is not None
        )
    if isinstance(value, exp.If):
        return any(_may_be_fractional(value.args[key]) for key in ("true", "false") if value.args.get(key) is not None)
    if isinstance(value, (exp.Filter, exp.Window, exp.Lag, exp.Lead)):
        return _may_be_fractional(value.this)
    kind = annotate_types(value.copy(), dialect="duckdb").type
    if kind is not None and not kind.is_type(exp.DType.UNKNOWN):
        return bool(kind.is_type(*exp.DataType.REAL_TYPES))
    if isinstance(value, _VALUE_PRESERVING):
        return any(_may_be_fractional(inner) for inner in value.iter_expressions())
    if isinstance(value, _TEXT_FUNCTIONS):
        return False
    return isinstance(value, (exp.Div, exp.Func))


def collected_lists(source: Source) -> Iterator[Finding]:
    """Lists and joined texts have the order of their rows: stating one fails elsewhere, leaving it out is chance."""
    for call in source.tree.find_all(exp.ArrayAgg, exp.GroupConcat):
        name = "string_agg" if isinstance(call, exp.GroupConcat) else "list"
        if call.find(exp.Order):
            yield Finding(RULE, f"ordered `{name}` fails on Spark; use `list_sort(list(…))`", line_of(call))
        elif not isinstance(call.parent, exp.ArraySort):
            yield Finding(
                "arbitrary-pick", f"`{name}` has the order of the rows; use `list_sort(list(…))`", line_of(call)
            )


def clauses(source: Source) -> Iterator[Finding]:
    """Clauses that only DuckDB has."""
    for series in source.tree.find_all(exp.GenerateSeries, exp.GenerateDateArray):
        bounds = [series.args.get(key) for key in ("start", "end", "step")]
        if any(isinstance(bound, exp.Interval) or (bound is not None and _is_date(bound)) for bound in bounds):
            yield Finding(RULE, "a series of dates: generate integers, and add them to a date", line_of(series))
    for join in source.tree.find_all(exp.Join):
        if join.method.upper() == "ASOF":
            yield Finding(RULE, "`asof join`: join on a range, and keep the last by row_number()", line_of(join))
    for pivot in source.tree.find_all(exp.Pivot):
        yield Finding(RULE, "`pivot`: its columns depend on the data; use `sum(…) filter (where …)`", line_of(pivot))
    for union in source.tree.find_all(exp.SetOperation):
        if union.args.get("by_name"):
            yield Finding(RULE, "`union by name`: list the columns in one order", line_of(union.expression))
    for columns in source.tree.find_all(exp.Columns):
        yield Finding(RULE, "`columns(…)`: name the columns", line_of(columns))


RULES = (banned_calls, date_differences, integer_casts, collected_lists, clauses)
