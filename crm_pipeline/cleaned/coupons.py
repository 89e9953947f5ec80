"""Coupons, and the products and campaigns that they are for."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="coupons",
    description="One row per coupon, product and campaign; known from the campaign's start.",
    grain=(
        "coupon_id",
        "product_id",
        "campaign_id",
    ),
    columns=(
        Column("coupon_id", "varchar", "The coupon's identifier."),
        columns.PRODUCT_ID.described("A product that it is for; `any` where the source names none."),
        Column("campaign_id", "varchar", "The campaign that gave it out; `none` where the source names none."),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("coupon_id",),
    owner="team:data-engineering",
)
