"""Upstream tables, parameters and columns of queries; checks of scalar expressions."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.contract.sql import (
    check_predicate,
    parameters,
    parse_query,
    referenced_columns,
    safe_casts,
    upstream_tables,
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", ()),
        ("select a from orders", ("orders",)),
        ("select a from zebra, ant", ("ant", "zebra")),
        ("from orders", ("orders",)),
        ("select a from cleaned.orders", ("cleaned.orders",)),
        ('select a from "Order Lines"', ("Order Lines",)),
        ("select a from Orders, orders as o", ("Orders",)),
        # CTEs and aliases are not tables
        ("with c as (select a from orders) select a from c", ("orders",)),
        ("with C as (select a from orders) select a from c", ("orders",)),
        ("select a from (select a from orders) as s", ("orders",)),
        # a CTE that shadows a table reads the table inside, and hides it outside
        ("with orders as (select a from orders) select a from orders", ("orders",)),
        ("with orders as (select 1 as a) select a from orders", ()),
        ("with orders as (select 1 as a) select a from cleaned.orders", ("cleaned.orders",)),
        ("with a as (select x from b), b as (select 1 as x) select x from a, b", ("b",)),
        ("select a from x, (with y as (select a from x) select a from y) as s", ("x",)),
        ("select (with t as (select 1 as a) select a from t) as a from t", ("t",)),
        ("with t as (select 1 as a) select (with u as (select a from t) select a from u) as a", ()),
        ("with recursive r as (select 1 as a union all select a + 1 from r join z on true) select a from r", ("z",)),
        # everywhere a query can stand
        ("select a from t union all select a from u", ("t", "u")),
        ("select a from t where b in (select b from u) and exists (from v)", ("t", "u", "v")),
        ("select (select max(y) from u where u.a = t.a) as y from t", ("t", "u")),
        ("select unnest((select list(a) from u)) as a", ("u",)),
        ("select a from t semi join u using (a)", ("t", "u")),
        ("select a from t as x join t as y using (a)", ("t",)),
        ("select a from t, lateral (select b from u where u.a = t.a)", ("t", "u")),
        ("select a from (t join u on true)", ("t", "u")),
        # table functions have no table
        ("select a from range(3) as r(a), unnest([1, 2]) as u(b)", ()),
        ("select a from (values (1)) as v(a)", ()),
    ],
)
def test_upstream_tables(sql: str, expected: tuple[str, ...]) -> None:
    assert upstream_tables(sql) == expected


_NAMES = st.sampled_from(["a", "b", "c"])


@st.composite
def _queries(draw: st.DrawFn, depth: int = 2) -> str:
    """Queries over tables a, b, c whose CTEs shadow them at random."""
    source = draw(_NAMES)
    if depth and draw(st.booleans()):
        source = f"({draw(_queries(depth=depth - 1))}) as s"
    ctes = ", ".join(
        f"{name} as ({draw(_queries(depth=depth - 1))})"
        for name in (draw(st.lists(_NAMES, unique=True, max_size=2)) if depth else [])
    )
    extra = f" where exists (select 1 from {draw(_NAMES)})" if draw(st.booleans()) else ""
    return (f"with {ctes} " if ctes else "") + f"select 1 as x from {source}{extra}"


@settings(max_examples=60)
@given(_queries())
def test_a_query_needs_no_table_but_its_upstream_ones(sql: str) -> None:
    found = upstream_tables(sql)
    with duckdb.connect() as connection:
        for table in found:
            connection.execute(f"create table {table} (x integer)")
        connection.execute(sql)
        assert connection.get_table_names(sql) <= set(found)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", ()),
        ("select $snapshot_date::date as d, $b, $snapshot_date from t", ("b", "snapshot_date")),
        ("with c as (select $deep as a) select a from c", ("deep",)),
        ("select '$no' as a -- $neither", ()),
    ],
)
def test_parameters(sql: str, expected: tuple[str, ...]) -> None:
    assert parameters(sql) == expected


@pytest.mark.parametrize("sql", ["select ?", "select $1"])
def test_positional_parameters_are_refused(sql: str) -> None:
    with pytest.raises(ValueError, match=r"rfm\.sql: parameters are named"):
        parameters(sql, "rfm.sql")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select a\nfrom t\nwhere a >", "rfm.sql, line 3"),
        ("select 1; select 2", "rfm.sql: expected exactly one statement, found 2"),
        ("-- nothing\n", "rfm.sql: expected exactly one statement, found 0"),
        ("create table t as select 1", "rfm.sql: expected a select query, found CREATE"),
        ("pivot t on a using sum(b)", "rfm.sql: expected a select query, found PIVOT"),
    ],
)
def test_text_that_is_not_one_query_is_refused(sql: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_query(sql, "rfm.sql")
    assert message in str(raised.value)


def test_a_closing_semicolon_and_comment_are_fine() -> None:
    assert upstream_tables("select a from t -- why\n;\n") == ("t",)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("upper(a) || b", ("a", "b")),
        ("a + a", ("a",)),
        ('"order date"::date', ("order date",)),
        ("list_transform(xs, lambda x: x + y)", ("xs", "y")),
        ("[x + 1 for x in xs]", ("xs",)),
        ("'a'", ()),
    ],
)
def test_referenced_columns(expression: str, expected: tuple[str, ...]) -> None:
    assert referenced_columns(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", "a"),
        ("a::date", "TRY_CAST(a AS date)"),
        ("cast(a as decimal(18, 2))", "TRY_CAST(a AS DECIMAL(18, 2))"),
        ("try_cast(a as date)", "TRY_CAST(a AS date)"),
        ("a::date::varchar", "TRY_CAST(TRY_CAST(a AS date) AS VARCHAR)"),
        ("strptime(a, '%d.%m.%Y')::date", "TRY_CAST(try_strptime(a, '%d.%m.%Y') AS date)"),
        ("coalesce(a::integer, 0) -- none", "COALESCE(TRY_CAST(a AS INTEGER), 0)"),
        ("date '2024-01-31'", "CAST('2024-01-31' AS date)"),
        ("a ->> 'b.c'", "(a ->> 'b.c')"),
    ],
)
def test_safe_casts(expression: str, expected: str) -> None:
    assert safe_casts(expression) == expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("nullif(trim(x), '')::decimal(18, 2)", " ", "NULL"),
        ("replace(replace(x, '.', ''), ',', '.')::decimal(18, 2)", "1.234,50", "1234.50"),
        ("case when x::integer > 5 then 'many' else 'few' end", "7", "many"),
        ("case when x::integer > 5 then 'many' else 'few' end", "?", "few"),
        ("strptime(x, ['%d.%m.%Y', '%Y-%m-%d'])::date", "31.12.2024", "2024-12-31"),
        ("strptime(x, '%Y')::date", "never", "NULL"),
        ("x::date + interval 1 day", "2024-02-28", "2024-02-29 00:00:00"),
        ("lower(x) in ('y', 'yes')", "YES", "true"),
        ("x not like 'a%' and x is not null", "b", "true"),
        ("x ->> 'a.b'", '{"a.b": 1, "a": {"b": 2}}', "1"),
        ("x::timestamp at time zone 'Europe/Paris' at time zone 'UTC'", "2024-07-01 12:00:00", "2024-07-01 10:00:00"),
        ("list_sum([n::integer for n in string_split(x, ' ')])", "1 2 3", "6"),
        ("extract(year from x::date) * 100 + 1", "2024-05-01", "202401"),
    ],
)
def test_checked_expressions_still_compute(expression: str, value: str, expected: str) -> None:
    with duckdb.connect() as connection:
        row = connection.execute(f"select ({safe_casts(expression)})::varchar from (select $x as x)", {"x": value})
        assert (row.fetchall()[0][0] or "NULL") == expected


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("", "is empty"),
        ("a b c", "is not a scalar expression"),
        ("a, b", "expected a single scalar expression"),
        ("a; select 1", "expected a single scalar expression"),
        ("a; drop table t", "is not a scalar expression"),
        ("a as b", "leave out the alias `b`"),
        ("select a from t", "is not a scalar expression"),
        ("a from t", "expected a single scalar expression"),
        ("a from 'customers.csv'", "expected a single scalar expression"),
        ("a) from t where (b", "is not a scalar expression"),
        ("a limit 1", "expected a single scalar expression"),
        ("a union select b", "expected a single scalar expression"),
        ("distinct a", "expected a single scalar expression"),
        ("(select max(a) from t)", "a subquery reads other rows"),
        ("a in (from t)", "a subquery reads other rows"),
        ("exists (from t)", "a subquery reads other rows"),
        ("case when a > (select 1) then 1 end", "a subquery reads other rows"),
        ("t.a", "names a table"),
        ("*", "`*` stands for many columns"),
        ("columns('a.*')", "`*` stands for many columns"),
        ("$x", "parameters are not bound"),
        ("?", "parameters are not bound"),
        ("sum(a)", "works over several rows"),
        ("count(*)", "works over several rows"),
        ("list(a order by b)", "works over several rows"),
        ("unnest(a)", "works over several rows"),
        ("row_number() over ()", "a window function reads other rows"),
        ("lag(a) over (order by b)", "a window function reads other rows"),
        ("read_csv('x.csv')", "reads tables, files or settings"),
        ("\"read_text\"('x')", "reads tables, files or settings"),
        ("upper(read_blob('x'))", "reads tables, files or settings"),
        ("glob('*')", "reads tables, files or settings"),
        ("query('select 1')", "reads tables, files or settings"),
        ("pg_sleep(9)", "reads tables, files or settings"),
        ("getenv('HOME')", "not a built-in scalar function"),
        ("http_get('https://example.com')", "not a built-in scalar function"),
        ("uper(a)", "did you mean `upper`?"),
        ("main.upper(a)", "without a prefix"),
        ("current_setting('threads')", "depends on the clock, the session"),
        ("getvariable('a')", "depends on the clock, the session"),
        ("now()", "depends on the clock, the session"),
        ("today()", "depends on the clock, the session"),
        ("current_date", "depends on the clock, the session"),
        ('"current_timestamp"', "depends on the clock, the session"),
        ("random()", "depends on the clock, the session"),
        ("gen_random_uuid()", "depends on the clock, the session"),
        ("nextval('s')", "depends on the clock, the session"),
        ("json_serialize_plan('select 1')", "depends on the clock, the session"),
        ("age(a::timestamp)", "counts from today"),
        ("coalesce(a::date, '2024-13-01'::date)", "out of range"),
    ],
)
def test_what_is_not_a_function_of_the_row_is_refused(expression: str, hint: str) -> None:
    with pytest.raises(ValueError) as raised:
        safe_casts(expression)
    assert hint in str(raised.value)


def test_no_volatile_function_of_the_engine_gets_through() -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select distinct function_name, len(parameters) from duckdb_functions() "
            "where stability <> 'CONSISTENT' or function_type in ('table', 'table_macro', 'pragma', 'aggregate') "
            "and function_name not in (select function_name from duckdb_functions() where function_type = 'scalar')"
        ).fetchall()
    assert len(rows) > 100
    for name, count in rows:
        with pytest.raises(ValueError):
            safe_casts(f'"{name}"({", ".join("a" * count)})')


@given(st.recursive(st.sampled_from(["a", "1", "'x'", "null"]), lambda inner: st.builds("({}::varchar)".format, inner)))
def test_every_cast_of_a_column_is_safe_and_checking_twice_changes_nothing(expression: str) -> None:
    checked = safe_casts(expression)
    assert safe_casts(checked) == checked
    with duckdb.connect() as connection:
        tree = connection.execute("select json_serialize_sql($sql)", {"sql": f"select {checked}"}).fetchall()[0][0]
    strict = [node for node in _nodes(json.loads(tree)) if node.get("try_cast") is False]
    assert all(node["child"]["class"] == "CONSTANT" for node in strict)


def _nodes(node: Any) -> list[dict[str, Any]]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return ([node] if isinstance(node, dict) else []) + [found for child in children for found in _nodes(child)]


@pytest.mark.parametrize(
    "predicate",
    [
        "recency between 0 and T",
        "(frequency = 0) = (recency = 0)",
        "is_return",
        "email is null or email like '%@%'",
        "true",
    ],
)
def test_predicates(predicate: str) -> None:
    check_predicate(predicate)


def test_casts_of_predicates_stay() -> None:
    assert check_predicate("a::integer > 1") == "(CAST(a AS INTEGER) > 1)"


@pytest.mark.parametrize("predicate", ["quantity + 1", "'x'", "lower(a)", "1", "a::date"])
def test_predicates_are_boolean(predicate: str) -> None:
    with pytest.raises(ValueError, match="not boolean"):
        check_predicate(predicate)


@pytest.mark.parametrize("predicate", ["sum(a) > 1", "a in (from t)", "a < now()", "a > 1; b", "a = $x"])
def test_predicates_see_one_row_only(predicate: str) -> None:
    with pytest.raises(ValueError):
        check_predicate(predicate)
