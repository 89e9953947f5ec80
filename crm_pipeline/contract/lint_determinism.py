"""Lint rules that keep a rerun identical: no clock, no chance, and nothing that depends on the order of rows.

DuckDB's threads take rows in another order each time. Sums of decimals do not notice; sums of floats, and whatever
picks one row of several that tie (`lint_order`), do.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import TokenType, exp

from crm_pipeline.contract.lint_source import Finding, Source, line_of

_FLOAT_AGGREGATES = {
    **dict.fromkeys(("stddev", "stddev_pop", "stddev_samp", "sem"), "the root of a variance from decimal sums"),
    **dict.fromkeys(("var_pop", "var_samp", "variance"), "decimal `sum(x)` and `sum(x * x)`"),
    **dict.fromkeys(("corr", "covar_pop", "covar_samp"), "decimal `sum(x)`, `sum(y)` and `sum(x * y)`"),
    **dict.fromkeys(("kurtosis", "kurtosis_pop", "skewness"), "decimal sums of powers"),
    **dict.fromkeys(("fsum", "kahan_sum", "sumkahan", "favg"), "`sum` or `avg` of a decimal"),
    **dict.fromkeys(("geomean", "geometric_mean", "product"), "`exp` of a decimal sum of `ln`"),
    "entropy": "`sum((n * ln(n))::decimal(28, 9))`",
}

_ARBITRARY_AGGREGATES = frozenset(
    {
        "any_value",
        "arbitrary",
        "arg_max",
        "arg_max_null",
        "arg_max_nulls_last",
        "arg_min",
        "arg_min_null",
        "arg_min_nulls_last",
        "argmax",
        "argmin",
        "first",
        "last",
        "max_by",
        "min_by",
        "mode",
        "approx_quantile",
        "approx_top_k",
        "reservoir_quantile",
    }
)

_CLOCK_AND_CHANCE = frozenset(
    {
        "ago",
        "current_date",
        "current_localtime",
        "current_localtimestamp",
        "current_setting",
        "current_time",
        "current_timestamp",
        "gen_random_uuid",
        "get_current_time",
        "get_current_timestamp",
        "getvariable",
        "localtime",
        "localtimestamp",
        "nextval",
        "now",
        "random",
        "setseed",
        "today",
        "transaction_timestamp",
        "txid_current",
        "uuid",
        "uuidv4",
        "uuidv7",
    }
)

# Those that need no parentheses.
_BARE = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})


def float_aggregates(source: Source) -> Iterator[Finding]:
    """Aggregates in double precision differ in their last bits from run to run."""
    for name, token in source.calls():
        if name in _FLOAT_AGGREGATES or name.startswith("regr_"):
            instead = _FLOAT_AGGREGATES.get(name, "decimal `sum(x)`, `sum(y)` and `sum(x * y)`")
            yield Finding("float-aggregate", f"`{name}` adds floats in any order; use {instead}", token.line)


def float_sums(source: Source) -> Iterator[Finding]:
    """`sum` and `avg` of a visible float: a division, `exp` or `ln`, or a cast to double, not cast to decimal."""
    for aggregate in source.tree.find_all(exp.Sum, exp.Avg):
        if _is_float(aggregate.this):
            name = aggregate.key
            yield Finding(
                "float-sum",
                f"`{name}` of a float depends on the order of rows; cast its argument to decimal",
                line_of(aggregate),
            )


def _is_float(value: exp.Expr) -> bool:
    if isinstance(value, exp.Cast):
        return bool(value.to.is_type(*exp.DataType.FLOAT_TYPES))
    if isinstance(value, (exp.Div, exp.Exp, exp.Ln, exp.Log, exp.Sqrt, exp.Pow)):
        return True
    if isinstance(value, exp.Case):
        branches = [branch.args["true"] for branch in value.args["ifs"]]
        return any(_is_float(branch) for branch in (*branches, value.args.get("default")) if branch is not None)
    if isinstance(value, (exp.Mul, exp.Add, exp.Sub, exp.Neg, exp.Paren, exp.Coalesce, exp.Distinct, exp.Abs)):
        return any(_is_float(child) for child in value.iter_expressions())
    return False


def arbitrary_picks(source: Source) -> Iterator[Finding]:
    """Aggregates that return whichever of several rows came first."""
    for name, token in source.calls():
        if name in _ARBITRARY_AGGREGATES:
            yield Finding(
                "arbitrary-pick",
                f"`{name}` picks any row among ties; use min, max, or row_number() with a unique order",
                token.line,
            )


def clock_and_chance(source: Source) -> Iterator[Finding]:
    """Time is an argument (`$snapshot_date`), and so is a seed."""
    called = {token.start for _, token in source.calls()}
    for token in source.tokens:
        name = token.text.lower()
        if name in _CLOCK_AND_CHANCE and (
            token.start in called or (name in _BARE and token.token_type != TokenType.STRING)
        ):
            yield Finding("clock-or-chance", f"`{name}`: time is an argument, `$snapshot_date`", token.line)
    for sample in source.tree.find_all(exp.TableSample):
        yield Finding(
            "clock-or-chance", "a sample differs from run to run; filter by a hash of the key", line_of(sample)
        )


RULES = (float_aggregates, float_sums, arbitrary_picks, clock_and_chance)
