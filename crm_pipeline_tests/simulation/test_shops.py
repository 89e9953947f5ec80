"""Simulated shops: reproducible, skewed as planned, and true to their stated truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from crm_pipeline.simulation import Segment, Shop, ShopSettings, scale_to_lines, shops, simulate_shop

SETTINGS = ShopSettings(customers=4_000, products=400, pair_count=5)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate_shop(SETTINGS, seed=7)


def query(sql: str, **tables: pa.Table) -> list[tuple]:
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.execute(sql).fetchall()


def test_same_seed_same_shop_and_another_seed_another(shop: Shop):
    again, other = simulate_shop(SETTINGS, seed=7), simulate_shop(SETTINGS, seed=8)
    assert again.order_lines.equals(shop.order_lines)
    assert again.truth.customers.equals(shop.truth.customers)
    assert not other.order_lines.equals(shop.order_lines)


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must not be negative"):
        simulate_shop(SETTINGS, seed=-1)


def test_amounts_are_exact_decimals(shop: Shop):
    assert shop.order_lines.schema.field("net_amount").type == pa.decimal128(18, 2)
    wrong = """select count(*) from lines
               where list_amount <> quantity * unit_price or abs(net_amount) > abs(list_amount)
                  or sign(net_amount) <> sign(quantity) and net_amount <> 0 or unit_price < 0.01"""
    assert query(wrong, lines=shop.order_lines) == [(0,)]


def test_keys_are_unique_and_refer_to_rows(shop: Shop):
    counts = """select count(*) - count(distinct order_line_id), count(*) - count(distinct (order_id, product_id)),
                       count(*) filter (customer_id not in (select customer_id from customers)),
                       count(*) filter (product_id not in (select product_id from products))
                from lines"""
    found = query(counts, lines=shop.order_lines, customers=shop.customers, products=shop.products)
    assert found == [(0, 0, 0, 0)]


def test_orders_have_one_customer_and_one_time_and_are_numbered_by_time(shop: Shop):
    lines = shop.order_lines
    assert query(
        """select count(*) from (select order_id from lines
                                 group by 1 having count(distinct (customer_id, ordered_at)) > 1)""",
        lines=lines,
    ) == [(0,)]
    times = lines["ordered_at"].to_pylist()
    assert times == sorted(times)
    assert datetime.combine(SETTINGS.first_day, time.min) <= times[0]
    assert times[-1].date() <= SETTINGS.last_day


def test_every_customer_orders_first_on_arrival_and_never_after_leaving(shop: Shop):
    found = query(
        """select count(*), count(*) filter (first_at <> first_order_at), count(*) filter (last_at > died_at)
           from truth left join (select customer_id, min(ordered_at) as first_at, max(ordered_at) as last_at
                                 from lines where quantity > 0 group by customer_id) using (customer_id)""",
        truth=shop.truth.customers,
        lines=shop.order_lines,
    )
    assert found == [(SETTINGS.customers, 0, 0)]


def test_mean_rate_is_recovered_from_the_orders(shop: Shop):
    [(orders, expected, campaign_orders, mean_rate)] = query(
        """select (select count(distinct order_id) from lines where quantity > 0), sum(expected_order_count),
                  sum(campaign_order_count), avg(rate_per_day) from truth""",
        truth=shop.truth.customers,
        lines=shop.order_lines,
    )
    repeats = expected - SETTINGS.customers
    # Given the rates, repeat orders are Poisson: 4 standard deviations.
    assert orders - int(campaign_orders) == pytest.approx(expected, abs=4 * repeats**0.5)
    # Gamma(r, alpha): mean r / alpha, standard deviation sqrt(r) / alpha.
    noise = SETTINGS.r**0.5 / SETTINGS.alpha / SETTINGS.customers**0.5
    assert mean_rate == pytest.approx(SETTINGS.r / SETTINGS.alpha, abs=4 * noise)


def test_share_of_the_living_follows_the_dropout_distribution():
    # All arrive within the first day, so after t days (1 + t / beta) ** -s of them are left (Lomax survival).
    settings = replace(
        SETTINGS, launch_share=1.0, launch_days=1, s=2.0, beta=365.0, last_day=date(2022, 12, 31), campaigns=0
    )
    alive = simulate_shop(settings, seed=3).truth.customers["is_alive"].to_pylist()
    assert sum(alive) / len(alive) == pytest.approx((1 + 365 / 365) ** -2, abs=0.03)


def test_planted_pairs_go_together_far_above_chance(shop: Shop):
    found = query(
        """with baskets as (select distinct order_id, product_id from lines where quantity > 0),
                sold as (select product_id, count(*) as n from baskets group by 1),
                together as (
                    select pairs.product_id, pairs.other_product_id, count(other.order_id) as n
                    from pairs join baskets as one using (product_id)
                    left join baskets as other
                      on other.order_id = one.order_id and other.product_id = pairs.other_product_id
                    group by 1, 2)
           select together.n / a.n as confidence,
                  together.n * (select count(distinct order_id) from baskets) / (a.n * b.n) as lift
           from together join sold as a using (product_id) join sold as b on b.product_id = other_product_id""",
        lines=shop.order_lines,
        pairs=shop.truth.product_pairs,
    )
    assert len(found) == SETTINGS.pair_count
    for confidence, lift in found:
        assert confidence > SETTINGS.pair_share - 0.1
        assert lift > 5


def test_planted_price_sensitive_customers_buy_at_a_discount(shop: Shop):
    shares = dict(
        query(
            """select is_price_sensitive, avg((net_amount < list_amount)::int)
               from lines join truth using (customer_id) where quantity > 0 group by 1""",
            lines=shop.order_lines,
            truth=shop.truth.customers,
        )
    )
    assert shares[True] == pytest.approx(0.70, abs=0.03)
    assert shares[False] == pytest.approx(0.15, abs=0.03)


def test_a_return_takes_back_a_line_of_an_earlier_order(shop: Shop):
    [(returns, without_sale)] = query(
        """select count(*), count(*) filter (not exists (
                   from lines as sale
                   where sale.customer_id = back.customer_id and sale.product_id = back.product_id
                     and sale.ordered_at < back.ordered_at and sale.net_amount = -back.net_amount
                     and sale.quantity = -back.quantity))
           from lines as back where quantity < 0""",
        lines=shop.order_lines,
    )
    assert returns > 100
    assert without_sale == 0


def test_contacts_bring_the_planted_number_of_orders():
    responsive = replace(
        SETTINGS, segments=(Segment("all", share=1.0, response_share=0.5),), beta=1e9, campaign_days=60, campaigns=3
    )
    shop = simulate_shop(responsive, seed=5)
    contacts, redemptions = shop.campaign_contacts.num_rows, shop.coupon_redemptions.num_rows
    assert redemptions / contacts == pytest.approx(0.5, abs=0.03)
    matched = query(
        """select count(*) from redemptions join coupons using (coupon_id)
           join lines on lines.customer_id = redemptions.customer_id and lines.ordered_at = redemptions.redeemed_at
                     and lines.product_id = coupons.product_id
           where 100 * net_amount = 100 * list_amount - floor(30 * list_amount)""",
        redemptions=shop.coupon_redemptions,
        coupons=shop.coupons,
        lines=shop.order_lines,
    )
    assert matched == [(redemptions,)]


def test_a_shop_without_campaigns_pairs_or_dropout_is_a_shop():
    shop = simulate_shop(replace(SETTINGS, customers=50, campaigns=0, pair_count=0, beta=1e9), seed=1)
    assert shop.campaigns.num_rows == shop.coupons.num_rows == shop.campaign_contacts.num_rows == 0
    assert shop.truth.product_pairs.num_rows == 0
    assert all(shop.truth.customers["is_alive"].to_pylist())


def test_chunks_are_the_shop(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shops, "CUSTOMERS_PER_CHUNK", 300)
    shop = simulate_shop(replace(SETTINGS, customers=1_000), seed=2)
    chunks = list(shop.chunks())
    assert [chunk.customers.num_rows for chunk in chunks] == [300, 300, 300, 100]
    assert pa.concat_tables([chunk.order_lines for chunk in chunks]).equals(shop.order_lines)
    assert query(
        "select count(*) - count(distinct order_line_id), count(*) - max(order_line_id) from lines",
        lines=shop.order_lines,
    ) == [(0, 0)]
    assert query(
        "select count(*) from (select order_id from lines group by 1 having count(distinct customer_id) > 1)",
        lines=shop.order_lines,
    ) == [(0,)]


def test_scaled_shops_have_about_the_wanted_lines():
    settings = scale_to_lines(SETTINGS, 100_000)
    assert simulate_shop(settings, seed=1).order_lines.num_rows == pytest.approx(100_000, rel=0.1)


def test_too_few_lines_are_refused():
    with pytest.raises(ValueError, match="lines must be above"):
        scale_to_lines(SETTINGS, SETTINGS.customers)


def test_customers_repeat_their_own_products_unless_they_seek_novelty():
    loyal, curious = (
        simulate_shop(replace(SETTINGS, segments=(Segment("all", share=1.0, repeat_share=share),)), seed=4)
        for share in (0.9, 0.0)
    )
    sql = "select count(distinct (customer_id, product_id)) / count(*) from lines where quantity > 0"
    assert query(sql, lines=loyal.order_lines)[0][0] < 0.6 < query(sql, lines=curious.order_lines)[0][0]


def test_prices_are_whole_cents_of_the_month():
    settings = replace(SETTINGS, price_growth_per_year=0.0, customers=500)
    prices = query("select product_id, count(distinct unit_price), min(unit_price) from lines group by 1",
                   lines=simulate_shop(settings, seed=1).order_lines)  # fmt: skip
    assert {count for _, count, _ in prices} == {1}
    assert all(isinstance(price, Decimal) for _, _, price in prices)
