"""What each customer did before the snapshot, in numbers for models: windows, rhythm, breadth, trend and contacts.

A window such as `_30d` covers the 30 days before the snapshot date. Days and weeks count backwards from it. Columns
that need two order days (gaps), or any line with a product, are null without.
"""

from collections.abc import Iterable

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

WINDOWS = (30, 90, 180, 365)
CURRENCY = "in the project's currency"


def _counts() -> Iterable[Column]:
    """Orders and days with orders, all and per window."""
    yield Column("order_count", "integer", "Orders since the first; returns are none.")
    for days in WINDOWS:
        yield Column(f"order_count_{days}d", "integer", f"Orders of the last {days} days.")
    for days in (14, 30, 90):
        yield Column(f"order_day_count_{days}d", "integer", f"Days with an order, of the last {days}.")
    yield Column("order_day_rate", "double", "Days with an order per day since the first order.")


def _amounts() -> Iterable[Column]:
    """Spend, baskets and discounts."""
    yield Column("spend_amount", "decimal(18,4)", f"Spend net of returns, {CURRENCY}.")
    for days in WINDOWS:
        yield Column(f"spend_amount_{days}d", "decimal(18,4)", f"The same of the last {days} days.")
    yield Column("mean_basket_amount", "double", f"Mean amount of an order, {CURRENCY}.")
    yield Column(
        "mean_basket_amount_90d", "double", "The same of the last 90 days; null without an order.", nullable=True
    )
    yield Column("max_basket_amount", "decimal(18,4)", f"Amount of the largest order, {CURRENCY}.")
    yield Column("mean_basket_line_count", "double", "Mean number of lines of an order.")
    yield Column("line_count_90d", "integer", "Order lines of the last 90 days.")


def _breadth() -> Iterable[Column]:
    """How many different things the customer buys."""
    yield Column("product_count", "integer", "Different products bought.")
    for days in (30, 90):
        yield Column(f"product_count_{days}d", "integer", f"Different products bought in the last {days} days.")
    yield Column("new_product_count_30d", "integer", "Products bought for the first time in the last 30 days.")
    yield Column("category_count", "integer", "Different categories bought; products without one share `unknown`.")
    yield Column("category_count_90d", "integer", "Different categories bought in the last 90 days.")
    yield Column(
        "category_entropy",
        "double",
        "Shannon entropy, in nats, of lines over categories: 0 for one, ln(n) for n bought alike; null without lines.",
        nullable=True,
    )


def _habits() -> Iterable[Column]:
    """Discounts, returns, hours and weekdays."""
    share = "Discounts as a share of the amount before them, 0..1; null without an amount"
    yield Column("discount_share", "double", f"{share}.", nullable=True)
    yield Column("discount_share_90d", "double", f"{share}; last 90 days.", nullable=True)
    yield Column("return_count", "integer", "Lines returned (a return without lines counts as one).")
    yield Column("return_count_90d", "integer", "Lines returned in the last 90 days.")
    yield Column("mean_order_hour", "double", "Mean hour of the day (0..23) at which orders were placed.")
    yield Column("weekend_share", "double", "Share of order days on Saturday or Sunday, 0..1.")
    yield Column("active_week_count_84d", "integer", "Weeks with an order, of the last 12.")
    yield Column("active_30d_share", "double", "Share of the 30-day windows since the first order that saw one, 0..1.")


def _rhythm() -> Iterable[Column]:
    """Gaps between order days, and how the present silence compares with them."""
    for name, text in (
        ("mean_gap_days", "Mean of the gaps between order days, in days."),
        ("std_gap_days", "Standard deviation (population) of the gaps, in days."),
        ("geometric_mean_gap_days", "Geometric mean of the gaps, in days."),
    ):
        yield Column(name, "double", f"{text} Null before the second order day.", nullable=True)
    for name, text in (
        ("max_gap_days", "Longest gap, in days."),
        ("max_gap_days_90d", "Longest gap that ended in the last 90 days, in days; null without one."),
        ("last_gap_days", "Gap before the last order day, in days."),
    ):
        yield Column(name, "integer", text, nullable=True)
    for name, text in (
        ("days_since_last_order_ratio", "Days since the last order over the mean gap."),
        ("days_since_last_order_max_ratio", "Days since the last order over the longest gap."),
    ):
        yield Column(name, "double", text, nullable=True)
    yield Column("longer_gap_share", "double", "Share of gaps longer than the present silence, smoothed, 0..1.")
    yield Column(
        "silence_continued_share",
        "double",
        "Of the gaps longer than the present silence, the share that lasted another 30 days, smoothed, 0..1.",
    )
    yield Column("silent_30d_share", "double", "Share of days on which a silence of 30 days or more had begun, 0..1.")


def _trend() -> Iterable[Column]:
    """Lately against before."""
    for days in (10, 30, 90):
        yield Column(
            f"weighted_day_count_{days}d",
            "decimal(18,9)",
            f"Order days, each weighted by exp(-days ago / {days}): lately counts more.",
        )
    yield Column("order_day_trend", "double", "Log ratio of the 30-day to the 90-day weighted rate; 0 is steady.")
    yield Column("order_day_change_30d", "integer", "Order days of the last 30 days less those of the 30 before.")
    yield Column("spend_trend", "double", "Log ratio of the 30-day to the 90-day rate of order amounts; 0 is steady.")


def _contacts() -> Iterable[Column]:
    """What marketing did, and what the customer took up."""
    yield Column("campaign_contact_count", "integer", "Campaign contacts so far.")
    yield Column("campaign_contact_count_90d", "integer", "Campaign contacts of the last 90 days.")
    yield Column(
        "days_since_last_contact", "integer", "Days since the last campaign contact; null without.", nullable=True
    )
    yield Column("coupon_redemption_count", "integer", "Coupons redeemed so far.")
    yield Column("coupon_redemption_count_90d", "integer", "Coupons redeemed in the last 90 days.")


SHARES = ("weekend_share", "active_30d_share", "longer_gap_share", "silence_continued_share", "silent_30d_share")

TABLE = Table(
    name="customer_features",
    description="One row per snapshot and customer who ordered before it: the features that models read.",
    grain=("snapshot_date", "customer_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        columns.IS_ACTIVE.described(
            "Whether the customer can still leave: the last order is at most `churn.active_days` of crm.yaml ago; by "
            "default as long as 99 % of all gaps between order days, and no less than the churn horizon."
        ),
        Column("days_since_last_order", "integer", "Days from the last order day to the snapshot date."),
        Column("tenure_days", "integer", "Days from the first order day to the snapshot date."),
        *_counts(),
        *_amounts(),
        *_breadth(),
        *_habits(),
        *_rhythm(),
        *_trend(),
        *_contacts(),
    ),
    rules=(
        "days_since_last_order between 1 and tenure_days",
        "order_count >= 1",
        "order_count_30d <= order_count_90d and order_count_90d <= order_count_180d",
        "order_count_180d <= order_count_365d and order_count_365d <= order_count",
        "order_day_count_14d <= order_day_count_30d and order_day_count_30d <= order_day_count_90d",
        "order_day_count_30d <= order_count_30d",
        "(order_count_30d > 0) = (days_since_last_order <= 30)",
        "order_day_rate > 0 and order_day_rate <= 1",
        "product_count_30d <= product_count_90d and product_count_90d <= product_count",
        "new_product_count_30d <= product_count_30d",
        "category_count_90d <= category_count and category_count <= product_count",
        "case when category_count = 0 then category_entropy is null"
        " else category_entropy between 0 and ln(category_count) + 0.000001 end",
        "mean_order_hour between 0 and 23",
        "active_week_count_84d between 0 and 12",
        "return_count_90d <= return_count",
        "(mean_gap_days is null) = (days_since_last_order = tenure_days)",
        "mean_gap_days is null or geometric_mean_gap_days <= mean_gap_days + 0.000001",
        "mean_gap_days is null or last_gap_days <= max_gap_days",
        "campaign_contact_count_90d <= campaign_contact_count",
        "coupon_redemption_count_90d <= coupon_redemption_count",
        *(f"{name} between 0 and 1" for name in SHARES),
    ),
    expectations=(
        Expectation("row_count", minimum=1, severity="critical", why="a snapshot without customers scores nobody"),
        Expectation("mean", "is_active", minimum=0.01, why="where hardly anyone is active, nobody can leave"),
        Expectation("mean", "order_count_365d", minimum=0.05, why="nobody ordered for a year: is the source complete?"),
        Expectation("maximum", "order_day_rate", maximum=1.0, severity="critical", why="a day counts once"),
    ),
)
