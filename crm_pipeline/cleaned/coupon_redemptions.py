"""Which customer used which coupon, and when."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="coupon_redemptions",
    description="One row per redemption.",
    grain=(
        "coupon_id",
        "customer_id",
        "redeemed_at",
        "campaign_id",
    ),
    columns=(
        Column("coupon_id", "varchar", "The coupon's identifier."),
        columns.CUSTOMER_ID,
        Column("redeemed_at", "timestamp", "When it was used."),
        Column("campaign_id", "varchar", "The campaign that gave it out; `none` where the source names none."),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("coupon_id", "customer_id", "redeemed_at"),
    owner="team:data-engineering",
)
