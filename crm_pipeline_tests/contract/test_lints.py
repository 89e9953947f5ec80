"""Each lint: what it finds, what it leaves alone, and where."""

from collections.abc import Sequence

import pytest

from crm_pipeline.contract.lints import RULES, Finding, lint


def found(sql: str, grain: Sequence[str] = ()) -> list[str]:
    return [finding.rule for finding in lint(sql, "test.sql", grain)]


def test_a_finding_says_rule_reason_and_line() -> None:
    sql = "with a as (\n    select x\n    from cleaned.orders\n)\nselect x\nfrom a\n"
    assert lint(sql) == [
        Finding("qualified-name", "`cleaned.orders`: write `orders`; a qualified name bypasses the as-of view", 3)
    ]


def test_findings_come_by_line() -> None:
    lines = [finding.line for finding in lint("select\n    stddev(x) as a,\n    LOG(y) as b,\n    now() as c\nfrom t")]
    assert lines == [2, 3, 3, 4]


def test_text_that_is_not_a_query_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"t\.sql, line 2"):
        lint("select a\nfrom t where", "t.sql")


def test_every_rule_says_why() -> None:
    assert all(rule.__doc__ for rule in RULES)


@pytest.mark.parametrize(
    "sql",
    [
        # the house style: CTEs, decimals, dates, a final select from a CTE
        """with order_days as (            -- `orders` shows only what was known before the snapshot
               select customer_id, ordered_at::date as order_date, sum(net_amount) as spend
               from orders
               where not is_return
               group by customer_id, ordered_at::date
           )
           select
               $snapshot_date::date as snapshot_date,
               customer_id,
               date_diff('day', min(order_date), $snapshot_date::date) as T,
               avg(spend) as monetary_value,
               ln(1 + count(*)) as log_orders
           from order_days
           group by customer_id""",
        "with a as (select * from orders) select * from a",
        "with a as (select * from orders) select a.* from a join orders using (order_id)",
        "select x, T, \"First\" from t where s = 'SELECT NOW()' -- NOW()",
        "select sum(n * ln(n)::decimal(28, 9)) as h from t",
        "select sum((a / b)::decimal(18, 9)) as share, sum(case when a / b > 0.5 then 1 else 0 end) as n from t",
        "select mode, first, last, week from t",
        "select median(x) as m, list_sort(list(x)) as xs from t",
        "select r from range(3) as s(r)",
        "select md5(a) as a from t",
        "select date '2024-01-01' + i as d from range(3) as s(i)",
    ],
)
def test_good_sql_is_left_alone(sql: str) -> None:
    assert lint(sql) == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("select a from cleaned.orders", "qualified-name"),
        ("select a from x.cleaned.orders", "qualified-name"),
        ("with orders as (select a from cleaned.orders) select a from orders", "qualified-name"),
        ("select a from read_csv('x.csv')", "table-function"),
        ("select a from 'x.parquet'", "table-function"),
        ("select a from query_table('t')", "table-function"),
        ("select * from orders", "final-star"),
        ("select orders.* from orders", "final-star"),
        ("select o.* exclude (a) from c join orders as o using (a)", "final-star"),
        ("from orders", "final-star"),
        ("select * from (select * from orders) as s", "final-star"),
        ("select a from t union all select * from orders", "final-star"),
        ("with a as (select 1 as x) select * from a, orders", "final-star"),
        ("SELECT a from t", "lower-case"),
        ("select Sum(a) as a from t", "lower-case"),
        ("select a::DATE as a from t", "lower-case"),
        ("select a from t Order  By a", "lower-case"),
        ("select a from t -- größe\n AS u", "lower-case"),
    ],
)
def test_structure(sql: str, rule: str) -> None:
    assert set(found(sql)) == {rule}


@pytest.mark.parametrize(
    "call",
    [
        *("stddev(x)", "stddev_pop(x)", "stddev_samp(x)", "var_pop(x)", "var_samp(x)", "variance(x)", "sem(x)"),
        *("corr(x, y)", "covar_pop(x, y)", "covar_samp(x, y)", "regr_slope(y, x)", "regr_r2(y, x)"),
        *("kurtosis(x)", "skewness(x)", "fsum(x)", "entropy(x)", "product(x)", "stddev(x) filter (where y)"),
    ],
)
def test_aggregates_of_floats(call: str) -> None:
    assert found(f"select {call} as a from t") == ["float-aggregate"]


@pytest.mark.parametrize(
    "call", ["sum(a / b)", "avg(x::double)", "sum(ln(x))", "sum(2 * exp(x))", "sum(case when y then a / b else 0 end)"]
)
def test_sums_of_visible_floats(call: str) -> None:
    assert found(f"select {call} as a from t") == ["float-sum"]


@pytest.mark.parametrize(
    "call",
    [
        *("arg_max(x, y)", "arg_min(x, y)", "argmax(x, y)", "max_by(x, y)", "min_by(x, y)", "mode(x)", "any_value(x)"),
        *("first(x)", "last(x order by y)", "arbitrary(x)", "approx_quantile(x, 0.5)", "list(x)", "string_agg(x, ',')"),
    ],
)
def test_arbitrary_picks(call: str) -> None:
    assert found(f"select {call} as a from t") == ["arbitrary-pick"]


@pytest.mark.parametrize(
    "call",
    [
        *("now()", "today()", "current_date", "current_timestamp", "get_current_timestamp()", "random()", "uuid()"),
        *("gen_random_uuid()", "getvariable('a')", "nextval('s')", "ago(interval 1 day)", "localtimestamp"),
    ],
)
def test_clock_and_chance(call: str) -> None:
    assert found(f"select {call} as a from t") == ["clock-or-chance"]


def test_samples() -> None:
    assert found("select a from t tablesample 10%") == ["clock-or-chance"]
    assert found("select a from t using sample 10") == ["clock-or-chance"]


GRAIN = ("snapshot_date", "sku")


@pytest.mark.parametrize(
    "sql",
    [
        "select row_number() over (order by spend) as n from t",
        "select row_number() over () as n from t",
        "select row_number() over (partition by customer_id order by customer_id, spend) as n from t",
        "select row_number() over (order by spend, snapshot_date) as n from t",
        "select row_number() over (order by spend, customer_id % 10) as n from t",
        "select row_number() over w as n from t window w as (order by spend)",
        "select ntile(5) over (order by spend) as n from t",
        "select first_value(shop) over (order by spend) as n from t",
        "select lag(spend) over (partition by shop order by day) as n from t",
        "select sum(spend) over (order by day rows between 3 preceding and current row) as n from t",
        "select a from t qualify row_number() over (partition by customer_id order by spend) = 1",
        "select a from t limit 3",
        "select a from t order by spend limit 3",
        "select a from (select a from t limit 3) as s",
        "select distinct on (customer_id) a from t order by customer_id % 2, spend",
    ],
)
def test_orders_with_ties(sql: str) -> None:
    assert found(sql, GRAIN) == ["untied-order"]


@pytest.mark.parametrize(
    "sql",
    [
        "select row_number() over (order by spend desc, customer_id) as n from t",
        "select row_number() over (order by spend, SKU) as n from t",
        "select row_number() over w as n from t window w as (partition by shop order by spend, product_id)",
        "select rank() over (order by spend) as n, sum(spend) over (order by day) as s from t",
        "select lag(day) over (partition by shop order by day) as n from t",
        "select last_value(shop) over (partition by shop order by day) as n from t",
        "select sum(spend) over (order by day, order_id rows between 3 preceding and current row) as n from t",
        "select a from t order by spend, order_id limit 3",
        "select a from t order by all limit 3",
        # the order covers what the only source groups by
        """with days as (select shop, sold_at::date as day, sum(x) as spend from t group by shop, sold_at::date)
           select lag(spend) over (partition by shop order by day) as n from days""",
    ],
)
def test_orders_without_ties(sql: str) -> None:
    assert found(sql, GRAIN) == []


def test_a_group_of_another_source_breaks_no_ties() -> None:
    sql = """with days as (select shop, day, sum(x) as spend from t group by shop, day)
             select lag(spend) over (partition by shop order by day) as n from days join u using (shop)"""
    assert found(sql) == ["untied-order"]


@pytest.mark.parametrize(
    "sql",
    [
        "select date_diff('day', ordered_at, snapshot_date) as a from t",
        "select date_diff('day', order_date, $snapshot_date) as a from t",
        "select date_diff('day', order_date, max(ordered_at)) as a from t",
        "select datediff('day', order_date, date_trunc('month', order_date)) as a from t",
        "select date_diff('month', order_date, snapshot_date) as a from t",
        "select date_sub('day', order_date, snapshot_date) as a from t",
        "select (a / b)::integer as a from t",
        "select cast(avg(a) as bigint) as a from t",
        "select (2 * sqrt(a))::int as a from t",
        "select 1.5::int as a from t",
        "select try_cast(a / b as int) as a from t",
        "select (case when a then b / c else 0 end)::int as a from t",
        "select coalesce(avg(a), 0)::int as a from t",
        "select unknown_function(a)::int as a from t",
        "select dayofweek(d) as a from t",
        "select extract(dow from d) as a from t",
        "select log(a) as a from t",
        "select list(a order by b) as a from t",
        "select string_agg(a, ',' order by b) as a from t",
        "select hash(a) as a from t",
        "select quantile_cont(a, 0.5) as a from t",
        "select week(d) as a from t",
        "select d from generate_series(date '2024-01-01', date '2024-02-01', interval 1 day) as s(d)",
        "select unnest(range(a::date, b::date, interval 1 day)) as d from t",
        "select a from t asof join u on t.a >= u.a",
        "select a from t pivot (sum(b) for c in (1, 2))",
        "select a from t union by name select a from u",
        "select min(columns('a.*')) as a from t",
    ],
)
def test_portability(sql: str) -> None:
    assert found(sql) == ["portability"]


@pytest.mark.parametrize(
    "sql",
    [
        "select date_diff('day', min(ordered_at)::date, snapshot_date) as a from t",
        "select date_diff('day', greatest(order_date, first_date), $snapshot_date::date) as a from t",
        "select date_diff('day', lag(order_date) over (order by order_date), order_date) as a from t",
        "select date_diff('day', date '2001-01-01', order_date) % 7 as a from t",
        "select floor(a / b)::integer as a, round(a)::int as b, ceil(a / b)::int as c, count(*)::int as d from t",
        "select date_diff('day', a_date, b_date)::int as a, length(a)::int as b, extract(year from d)::int as c from t",
        "select sum(a)::bigint as a, (a = b)::int as b, max(a + 1)::int as c, coalesce(sum(a), 0)::int as d from t",
        "select sum(a) filter (where b / c > 1)::int as a, (case when a / b > 1 then 1 else 0 end)::int as c from t",
        "select split_part(a, '-', 2)::int as a, a::int as b, '7'::int as c from t",
        "select log10(a) as a, ln(a) as b from t",
    ],
)
def test_portable_sql_is_left_alone(sql: str) -> None:
    assert found(sql) == []
