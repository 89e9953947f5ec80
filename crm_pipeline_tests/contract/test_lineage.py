"""Column lineage: right, or none."""

import time
from collections.abc import Iterator

import duckdb
import pytest

from crm_pipeline.contract.lineage import column_lineage

SCHEMAS = {
    "orders": {
        "order_id": "varchar",
        "customer_id": "varchar",
        "T": "integer",
        "ordered_at": "timestamp",
        "net_amount": "decimal(18,2)",
        "place": "struct(city varchar, zip struct(code integer))",
    },
    "lines": {"order_id": "varchar", "customer_id": "varchar", "quantity": "integer", "kind": "enum('a', 'b')"},
}


def origins(sql: str) -> dict[str, str] | None:
    """Lineage in short: column to `table.column table.column`."""
    lineage = column_lineage(sql, SCHEMAS)
    if lineage is None:
        return None
    return {name: " ".join(f"{table}.{column}" for table, column in columns) for name, columns in lineage.items()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select net_amount from orders", {"net_amount": "orders.net_amount"}),
        ("select ORDER_ID as Id from Orders", {"Id": "orders.order_id"}),
        # constants and parameters
        ("select 1 as one, $snapshot_date::date as day from orders", {"one": "", "day": ""}),
        # the same name in two tables
        (
            "select o.customer_id as a, l.customer_id as b from orders as o join lines as l on o.order_id = l.order_id",
            {"a": "orders.customer_id", "b": "lines.customer_id"},
        ),
        ("select quantity, T from orders, lines", {"quantity": "lines.quantity", "T": "orders.T"}),
        # one table twice
        (
            "select a.T, b.net_amount as x from orders as a join orders as b on a.order_id = b.order_id",
            {"T": "orders.T", "x": "orders.net_amount"},
        ),
        # the column T beside an alias, a CTE and a table called t
        ("select t.T, net_amount as x from orders as t", {"T": "orders.T", "x": "orders.net_amount"}),
        (
            'with t as (select orders."T", quantity as q from orders, lines) select t."T", t.q from t',
            {"T": "orders.T", "q": "lines.quantity"},
        ),
        # CTEs: shadowing a table, each other, and with column names
        ("with orders as (select T + 1 as T from orders) select T from orders", {"T": "orders.T"}),
        (
            """with a as (select quantity as q from lines),
                    b as (with a as (select T as q from orders) select q from a)
               select a.q as x, b.q as y from a, b""",
            {"x": "lines.quantity", "y": "orders.T"},
        ),
        ("with a(x, y) as (select T, quantity from orders, lines) select y from a", {"y": "lines.quantity"}),
        ("select u.a from (select quantity from lines) as u(a)", {"a": "lines.quantity"}),
        # stars
        (
            "with c as (select * from lines) select * exclude (kind, order_id) from c",
            {"customer_id": "lines.customer_id", "quantity": "lines.quantity"},
        ),
        (
            """with c as (select customer_id, sum(quantity) as q from lines group by all)
               select o.T, c.* exclude (customer_id) from orders as o join c using (customer_id)""",
            {"T": "orders.T", "q": "lines.quantity"},
        ),
        ("with c as (select * from orders) select max(T) as T from c", {"T": "orders.T"}),
        # unions go by position
        (
            "with u as (select quantity as a, order_id as b from lines union all select T, customer_id from orders) "
            "select b, a from u",
            {"b": "lines.order_id orders.customer_id", "a": "lines.quantity orders.T"},
        ),
        ("(select T from orders) union (select quantity from lines)", {"T": "lines.quantity orders.T"}),
        ("select 1 as x union all select T from orders except select 3", {"x": "orders.T"}),
        # joins with using
        (
            "select order_id, T from orders full join lines using (order_id)",
            {"order_id": "lines.order_id orders.order_id", "T": "orders.T"},
        ),
        ("select T from orders semi join lines using (order_id)", {"T": "orders.T"}),
        # lateral aliases; a column of the table comes first
        ("select T as x, x + 1 as y, y + 1 as z from orders", {"x": "orders.T", "y": "orders.T", "z": "orders.T"}),
        (
            "select T as net_amount, net_amount + 1 as y from orders",
            {"net_amount": "orders.T", "y": "orders.net_amount"},
        ),
        # subqueries
        (
            "select (select max(quantity) from lines as l where l.order_id = o.order_id) as q from orders as o",
            {"q": "lines.order_id lines.quantity orders.order_id"},
        ),
        (
            "select exists (select 1 from lines where lines.customer_id = orders.customer_id) as e, T from orders",
            {"e": "lines.customer_id orders.customer_id", "T": "orders.T"},
        ),
        ("select T in (select quantity from lines) as i from orders", {"i": "lines.quantity orders.T"}),
        ("select (with c as (select quantity as q from lines) select max(q) from c) as q", {"q": "lines.quantity"}),
        ("select (select T from orders union all select quantity from lines) as x", {"x": "lines.quantity orders.T"}),
        ("select T from orders where customer_id in (select customer_id from lines)", {"T": "orders.T"}),
        # windows, named ones too, and filters
        (
            "select sum(T) over (partition by customer_id order by ordered_at) as s from orders",
            {"s": "orders.T orders.customer_id orders.ordered_at"},
        ),
        (
            "select lag(T) over w as s from orders window w as (partition by customer_id order by ordered_at)",
            {"s": "orders.T orders.customer_id orders.ordered_at"},
        ),
        (
            "select sum(net_amount) filter (where T < 30) as s, sum(case when T > 0 then 1 end) as c from orders",
            {"s": "orders.T orders.net_amount", "c": "orders.T"},
        ),
        ("select T from orders qualify row_number() over (order by net_amount, order_id) = 1", {"T": "orders.T"}),
        # counting rows counts groups
        ("select count(*) as n from orders", {"n": ""}),
        (
            """with days as (select customer_id, ordered_at::date as day from orders group by all)
               select customer_id, count(*) - 1 as frequency from days group by all""",
            {"customer_id": "orders.customer_id", "frequency": "orders.customer_id orders.ordered_at"},
        ),
        # structs, lists, generated rows
        (
            "select place.city as c, o.place.zip.code as z, place['city'] as d from orders as o",
            {"c": "orders.place", "z": "orders.place", "d": "orders.place"},
        ),
        (
            "select list_transform([T], lambda x: x + quantity) as l from orders, lines",
            {"l": "lines.quantity orders.T"},
        ),
        ("select u.x, T from orders, unnest([net_amount, 2]) as u(x)", {"x": "orders.net_amount", "T": "orders.T"}),
        ("select r.i, v.a from range(3) as r(i), (values (1, 2)) as v(a, b)", {"i": "", "a": ""}),
    ],
)
def test_lineage(sql: str, expected: dict[str, str] | None) -> None:
    assert origins(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select T from",  # does not parse
        "select nope from orders",
        "select o.nope from orders as o",
        "select x.T from orders",
        "select T from unknown_table",
        "select customer_id from orders, lines",  # ambiguous
        "select T from cleaned.orders",  # not the table of that name
        "select T, T from orders",
        "select T, net_amount as t from orders",  # one name, as case does not count
        "select max(T) from orders",  # DuckDB makes up the name
        "select o from orders as o",  # a whole row
        "select columns('T') from orders",
        "select place.* from orders",
        "select T from orders union all by name select quantity as T from lines",
        "select T from orders union all select quantity, kind from lines",
        "from orders pivot (sum(net_amount) for T in (1, 2))",
        "with recursive r as (select T as x from orders union all select x + 1 from r where x < 9) select x from r",
        "select l.q from orders as o, lateral (select quantity + o.T as q from lines) as l",
        "select r.i from orders, range(T) as r(i)",
    ],
)
def test_no_lineage_rather_than_a_wrong_one(sql: str) -> None:
    assert column_lineage(sql, SCHEMAS) is None


def test_the_select_list_must_be_the_expected_one() -> None:
    sql = "select customer_id, max(T) as t from orders group by customer_id"
    expected = {"T": (("orders", "T"),), "customer_id": (("orders", "customer_id"),)}
    assert column_lineage(sql, SCHEMAS, ["T", "customer_id"]) == expected
    assert column_lineage(sql, SCHEMAS, ["customer_id"]) is None
    assert column_lineage(sql, SCHEMAS, ["customer_id", "T", "x"]) is None


PROBED = [
    "select T as x, x + 1 as y, net_amount * 2 as net_amount, net_amount + 1 as z from orders",
    "select T as net_amount, net_amount as T, T + 1 as y from orders",
    "with orders as (select T as net_amount, order_id from orders) select net_amount as n, order_id as o from orders",
    "with t as (select T, quantity as q from orders join lines using (order_id)) select t.T, t.q, T + q as s from t",
    "with a as (select quantity as q from lines), b as (with a as (select T as q from orders) select q from a) "
    "select a.q as x, b.q as y from a, b",
    "select quantity as a, 1 as b from lines union all select T, net_amount from orders order by all",
    "select o.T, (select max(l.quantity) from lines as l where l.order_id = o.order_id) as m from orders as o",
    "select sum(net_amount) filter (where T > 4) as s, max(T) as m, count(*) as n from orders",
    "select o.T as a, p.net_amount as b from orders as o join orders as p on o.order_id = p.order_id",
]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize("sql", PROBED)
def test_a_column_that_changes_an_output_is_among_its_origins(sql: str, connection: duckdb.DuckDBPyConnection) -> None:
    """The engine is asked: other values in an upstream column change the outputs that name it, and no others."""
    lineage = column_lineage(sql, SCHEMAS)
    assert lineage is not None
    before = _run(connection, sql, ())
    for probed in [("orders", "T"), ("orders", "net_amount"), ("lines", "quantity")]:
        after = _run(connection, sql, probed)
        changed = {name for name in lineage if before[name.lower()] != after[name.lower()]}
        assert changed == {name for name, columns in lineage.items() if probed in columns}


def _run(connection: duckdb.DuckDBPyConnection, sql: str, probed: tuple[str, ...]) -> dict[str, list[str]]:
    def values(table: str, column: str, a: int, b: int) -> str:
        shift = 10 if (table, column) == probed else 0
        return f"unnest([{a + shift}, {b + shift}]) as {column}"

    t, amount, quantity = values("orders", "T", 3, 5), values("orders", "net_amount", 30, 50), "quantity"
    connection.execute(f"create or replace table orders as select unnest(['a', 'b']) as order_id, {t}, {amount}")
    connection.execute(
        f"create or replace table lines as select unnest(['a', 'b']) as order_id, {values('lines', quantity, 300, 500)}"
    )
    result = connection.execute(sql)
    names = [column[0].lower() for column in result.description or ()]
    columns = zip(*result.fetchall(), strict=True)
    return {name: sorted(map(str, column)) for name, column in zip(names, columns, strict=True)}


def test_forty_columns_take_under_a_second() -> None:
    measures = ", ".join(f"sum(net_amount) filter (where T < {i}) as spend_{i}" for i in range(40))
    shares = ", ".join(f"spend_{i} / spend_39 as share_{i}" for i in range(40))
    sql = f"""with known as (select * from orders),
              sums as (select customer_id, {measures} from known group by customer_id),
              ranks as (select *, ntile(5) over (order by spend_39, customer_id) as score from sums)
              select customer_id, score, {shares} from ranks"""
    start = time.perf_counter()
    lineage = column_lineage(sql, SCHEMAS)
    assert time.perf_counter() - start < 1
    assert lineage is not None and len(lineage) == 42
    assert lineage["share_7"] == (("orders", "T"), ("orders", "net_amount"))
