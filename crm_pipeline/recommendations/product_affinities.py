"""Which products are bought together more often than chance would have it: association rules over baskets.

Counted are the baskets (orders) of the last 365 days, also those of unknown customers; baskets of more than 100
products are bulk purchases and say little about what goes together, so they count nowhere. Pairs are looked for among
the 2,000 products in most baskets. The least number of baskets with a pair is one in 10,000, at least 10. A pair must
also be surely above chance: `lift_lower`, five standard errors of the log lift below the lift, must exceed 1, which
less than one in a million independent pairs does. Of each product the 20 others with the highest `lift_lower` stay.

Source: Agrawal et al. (1993) for support and confidence, Brin et al. (1997) for lift. The standard error of the log
lift is taken as 1 / sqrt(pair count): a Poisson count of rare pairs.
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="product_affinities",
    description="One row per snapshot and pair of products bought together above chance, in both directions.",
    grain=("snapshot_date", "product_id", "other_product_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.PRODUCT_ID,
        Column("other_product_id", "varchar", "A product that goes with it."),
        Column("rank", "integer", "Place among the product's others, 1 is the strongest (highest `lift_lower`)."),
        Column("basket_count", "bigint", "Baskets of the last 365 days with the product."),
        Column("other_basket_count", "bigint", "Baskets with the other product."),
        Column("pair_count", "bigint", "Baskets with both."),
        Column("support", "decimal(18,8)", "Share of all baskets that hold both."),
        Column("confidence", "decimal(18,8)", "Share of the product's baskets that hold the other."),
        Column("lift", "decimal(18,4)", "Baskets with both, times as many as if the two were independent."),
        Column("lift_lower", "decimal(18,4)", "Lower bound of the lift, five standard errors down."),
    ),
    rules=(
        "product_id <> other_product_id",
        "rank between 1 and 20",
        "pair_count between 10 and least(basket_count, other_basket_count)",
        "support > 0 and support <= confidence",
        "confidence <= 1",
        "lift_lower >= 1 and lift_lower < lift",
    ),
    expectations=(
        Expectation("row_count", minimum=1, why="in most shops some products are bought together"),
        Expectation("maximum", "confidence", maximum=0.999, why="products never sold apart may be one product twice"),
    ),
)
