"""How varied the lists are: how much of the range they show, how different their products are, how unknown.

None of it needs an outcome. Coverage (Ge et al., 2010) is the share of the products ordered in the last 90 days that
are on any list; diversity (Ziegler et al., 2005) the chance that two products of one list are of different kinds (their
`subcategory`, else `category`); novelty (Zhou et al., 2010) the mean of -log2 of the share of customers who bought a
listed product: 1 is known to every second customer, 10 to one in a thousand.
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="recommendation_variety",
    description="One row per snapshot and list (the mix, usual products, new products): how varied the lists are.",
    grain=("snapshot_date", "list"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("list", "varchar", "`mix`: the published list; `usual` or `new`: the list of that slot alone."),
        Column("customer_count", "bigint", "Customers with such a list."),
        Column("product_count", "bigint", "Different products on these lists."),
        Column(
            "coverage", "decimal(18,8)", "Share of the products ordered in the last 90 days on any list; at most 1."
        ),
        Column(
            "diversity",
            "decimal(18,8)",
            "Mean chance that two products of a list are of different kinds; null where no kinds are known.",
            nullable=True,
        ),
        Column("novelty", "decimal(18,8)", "Mean -log2 of the share of customers who ever bought a listed product."),
    ),
    rules=(
        "list in ('mix', 'usual', 'new')",
        "customer_count >= 1 and product_count >= 1",
        "coverage between 0 and 1",
        "diversity is null or diversity between 0 and 1",
        "novelty >= 0",
    ),
    expectations=(Expectation("maximum", "product_count", minimum=2, why="everyone was shown the same product"),),
)
