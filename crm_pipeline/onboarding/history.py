"""What the sampled orders say about customers and time: the figures that models live on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crm_pipeline.onboarding.histories import read_histories
from crm_pipeline.onboarding.typed import TypedProject

ORDER_DAYS = "order_days"
USUAL_GAP = 0.8
HORIZONS = (7, 14, 30, 60, 90, 180, 365)
"""Round numbers of days."""
LONGEST_GAP = 0.99


@dataclass(frozen=True)
class History:
    """Orders with a customer, returns apart, as the samples show them.

    ``repeat_customers`` ordered on two days or more; ``usual_gap_days`` is the 80 %, ``longest_gap_days`` the 99 %
    quantile of the pauses between a customer's order days (None without any); ``ended_within``: the share of these
    pauses that ended within each of HORIZONS (none without any). ``data_through`` is the last day to
    which every source of orders is complete. ``share``: of so many customers all orders were read, and counts are
    scaled up; None when only lines were sampled, so that counts are lower bounds and pauses unknown. ``known_from``:
    the day on which the first order was known, which is its own unless the project maps `known_at`.
    """

    customers: int
    orders: int
    repeat_customers: int
    products: int
    product_customers: int
    first_day: date | None
    last_day: date | None
    data_through: date | None
    usual_gap_days: int | None
    longest_gap_days: int | None
    share: float | None
    ended_within: tuple[tuple[int, float], ...] = ()
    known_from: date | None = None

    @property
    def is_whole(self) -> bool:
        """Whether histories are complete, of all customers or of a fair share."""
        return self.share is not None

    @property
    def about(self) -> str:
        """How sure counts are, in a word before them."""
        return "at least " if self.share is None else "" if self.share == 1 else "about "

    @property
    def days(self) -> int:
        """Days from the first order to the end of the data."""
        if self.first_day is None or self.data_through is None:
            return 0
        return (self.data_through - self.first_day).days + 1


@dataclass(frozen=True)
class Balance:
    """Labels of one judged snapshot: customers who had ordered before it, and those with no order in the horizon."""

    snapshot: date
    customers: int
    without_order: int
    active: int
    active_without_order: int

    @property
    def share(self) -> float:
        """Share of the active customers with no order in the horizon."""
        return self.active_without_order / self.active if self.active else 0.0


def _make_order_days(typed: TypedProject) -> None:
    """One row per customer and order day."""
    columns = "customer_id, ordered_at::date as day, known_at, order_id"
    selects = [
        f"select {columns}, true as has_product from {source.orders_table} "
        "where verdict = 'clean' and quantity >= 0 and net_amount >= 0 and coalesce(line_type, 'product') = 'product'"
        for source in typed.of("order_lines")
    ]
    selects += [
        f"select {columns}, false as has_product from {source.orders_table} "
        "where verdict = 'clean' and (net_amount is null or net_amount >= 0)"
        for source in typed.of("orders")
    ]
    empty = (
        "select null::varchar as customer_id, null::date as day, null::timestamp as known_at, "
        "null::varchar as order_id, false as has_product"
    )
    union = " union all ".join([*selects, f"select * from ({empty}) where false"])
    typed.connection.execute(f"create or replace temporary table bought as {union}")
    typed.connection.execute(
        f"create or replace temporary table {ORDER_DAYS} as select distinct customer_id, day from bought "
        "where customer_id is not null and day is not null"
    )


def history_of(typed: TypedProject, seconds: float) -> History:
    """Measure the orders; of large files, complete histories of some customers if that takes at most ``seconds``."""
    share = read_histories(typed, seconds)
    scale = 1 / (share or 1)
    _make_order_days(typed)
    customers, repeat, first, last = typed.rows(
        "select count(*), count(*) filter (days > 1), min(first), max(last) from "
        f"(select count(*) as days, min(day) as first, max(day) as last from {ORDER_DAYS} group by customer_id)"
    )[0]
    ended = ", ".join(f"count(*) filter (gap <= {days}) / count(*)" for days in HORIZONS)
    usual, longest, *shares = typed.rows(
        f"select quantile_disc(gap, {USUAL_GAP}), quantile_disc(gap, {LONGEST_GAP}), {ended} from (select day - "
        f"lag(day) over (partition by customer_id order by day) as gap from {ORDER_DAYS}) where gap is not null"
    )[0]
    known = share is not None and usual is not None
    orders, product_customers, known_from = typed.rows(
        "select count(distinct order_id), count(distinct customer_id) filter (has_product), "
        "min(known_at) filter (customer_id is not null)::date from bought"
    )[0]
    return History(
        customers=round(_int(customers) * scale),
        orders=round(_int(orders) * scale),
        repeat_customers=round(_int(repeat) * scale),
        products=_products(typed),
        product_customers=round(_int(product_customers) * scale),
        first_day=_day(first),
        last_day=_day(last),
        data_through=_data_through(typed),
        usual_gap_days=None if usual is None else _int(usual),
        longest_gap_days=None if longest is None else _int(longest),
        share=share,
        ended_within=tuple(zip(HORIZONS, (float(str(ended)) for ended in shares), strict=True)) if known else (),
        known_from=_day(known_from),
    )


def _products(typed: TypedProject) -> int:
    selects = [f"select product_id from {s.table} where verdict = 'clean'" for s in typed.of("order_lines")]
    if not selects:
        return 0
    return _int(typed.rows(f"select count(distinct product_id) from ({' union all '.join(selects)})")[0][0])


def _int(value: object) -> int:
    return int(str(value or 0))


def _day(value: object) -> date | None:
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _data_through(typed: TypedProject) -> date | None:
    """As the plan of a run has it: stated, else the newest order, and of several sources the earliest."""
    found = []
    for source in typed.of("orders", "order_lines"):
        stated = source.source.data_through or typed.project.data_through
        tables = [table for table in (source.table, source.histories) if table is not None]
        newest = [
            day
            for table in tables
            if (day := _day(typed.rows(f"select max(ordered_at)::date from {table} where verdict = 'clean'")[0][0]))
        ]
        day = stated or max(newest, default=None)
        if day is not None:
            found.append(day)
    return min(found, default=None)


def due_snapshots(typed: TypedProject, history: History, today: date) -> list[date]:
    """Snapshot dates that have begun and that the orders are complete to."""
    if history.data_through is None:
        return []
    return typed.project.snapshots.until(min(today, history.data_through + timedelta(days=1)))


def first_judged_on(typed: TypedProject, horizon_days: int) -> date | None:
    """The snapshot at which the first one can be judged; None when the series ends before."""
    grid = typed.project.snapshots
    far = date(9000, 1, 1)
    first = next(iter(grid.listed() if grid.is_finite else [grid.first or far]), None)
    if first is None:
        return None
    due = first + timedelta(days=horizon_days)
    later = grid.listed() if grid.is_finite else grid.until(due + timedelta(days=62))
    return next((day for day in later if day >= due), None)


def balances(
    typed: TypedProject, due: Sequence[date], horizon_days: int, active_days: int, share: float = 1.0
) -> list[Balance]:
    """Labels of every snapshot whose horizon ended by the last one that is due, scaled up by ``share``."""
    judged = [day for day in due if day + timedelta(days=horizon_days) <= due[-1]]
    if not judged:
        return []
    rows = typed.connection.execute(
        "with judged as (select unnest($dates::date[]) as snapshot), "
        "seen as (select snapshot, customer_id, max(day) filter (day < snapshot) as last_day, "
        "bool_or(day >= snapshot and day < snapshot + $horizon::integer) as came_back "
        f"from judged join {ORDER_DAYS} on day < snapshot + $horizon::integer group by all) "
        "select snapshot, count(*), count(*) filter (not came_back), "
        "count(*) filter (snapshot - last_day <= $active), "
        "count(*) filter (not came_back and snapshot - last_day <= $active) "
        "from seen where last_day is not null group by snapshot order by snapshot",
        {"dates": judged, "horizon": horizon_days, "active": active_days},
    ).fetchall()
    return [Balance(day, *(round(count / share) for count in counts)) for day, *counts in rows]
