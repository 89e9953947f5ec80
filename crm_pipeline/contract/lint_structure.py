"""Lint rules on what a query reads and how it is written."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import TokenType, exp

from crm_pipeline.contract.lint_source import Finding, Source, line_of
from crm_pipeline.contract.sql import is_cte_reference, table_name

_NAMES_AND_VALUES = frozenset(
    {
        TokenType.IDENTIFIER,
        TokenType.NUMBER,
        TokenType.PARAMETER,
        TokenType.PLACEHOLDER,
        TokenType.STRING,
        TokenType.VAR,
    }
)


def qualified_names(source: Source) -> Iterator[Finding]:
    """A qualified table name bypasses the view that hides what was not yet known at the snapshot date."""
    for table in source.tree.find_all(exp.Table):
        if table.db:
            yield Finding(
                "qualified-name",
                f"`{table_name(table)}`: write `{table.name}`; a qualified name bypasses the as-of view",
                line_of(table),
            )


def table_functions(source: Source) -> Iterator[Finding]:
    """Files and functions in place of tables bypass the ingestion, the as-of views and the lineage."""
    for table in source.tree.find_all(exp.Table):
        is_path = isinstance(table.this, exp.Identifier) and table.this.quoted and set(table.name) & set("./*")
        is_function = not isinstance(table.this, (exp.Identifier, exp.GenerateSeries, exp.Unnest))
        if is_path or is_function:
            what = table.this.sql(dialect="duckdb")
            yield Finding("table-function", f"{what}: read a table of the pipeline instead", line_of(table))


def final_star(source: Source) -> Iterator[Finding]:
    """The final select states its columns: with `*` over a table they would change with the table upstream."""
    yield from _stars_over_tables(source.tree)


def _stars_over_tables(query: exp.Expr) -> Iterator[Finding]:
    query = query.unnest() if isinstance(query, exp.Subquery) else query
    if isinstance(query, exp.SetOperation):
        yield from _stars_over_tables(query.this)
        yield from _stars_over_tables(query.expression)
    if not isinstance(query, exp.Select):
        return
    sources = {source.alias_or_name.lower(): source for source in _direct_sources(query)}
    for item in query.expressions:
        if isinstance(item, exp.Star):
            starred = list(sources.values())
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            starred = [sources[item.table.lower()]] if item.table.lower() in sources else []
        else:
            continue
        for read in starred:
            if isinstance(read, exp.Subquery):
                yield from _stars_over_tables(read)
            elif isinstance(read, exp.Table) and not is_cte_reference(read):
                yield Finding(
                    "final-star",
                    f"`*` over the table `{read.name}` in the final select: name the columns",
                    line_of(read),
                )


def _direct_sources(select: exp.Select) -> Iterator[exp.Expr]:
    from_ = select.args.get("from_")
    if from_ is not None:
        yield from_.this
    for join in select.args.get("joins") or ():
        yield join.this


def lower_case(source: Source) -> Iterator[Finding]:
    """Keywords, types and functions are lower case; names of columns are not judged (`T` is the customer's age)."""
    functions = {token.start for _, token in source.calls()}
    for token in source.tokens:
        written = source.sql[token.start : token.end + 1]  # the token's own text has keywords in upper case at times
        is_word = written.replace("_", "").replace(" ", "").isalpha()
        is_keyword = token.token_type not in _NAMES_AND_VALUES
        is_function = token.token_type == TokenType.VAR and token.start in functions
        if is_word and (is_keyword or is_function) and written != written.lower():
            yield Finding("lower-case", f"`{written}`: write `{written.lower()}`", token.line)


RULES = (qualified_names, table_functions, final_star, lower_case)
