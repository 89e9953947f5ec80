"""Products to offer together: pairs and triples that lie in one basket more often than chance would have it.

Pairs are those of `product_affinities`, of products that the filters of `recommendations` let be pushed. A triple is
made of three such pairs, and must be surely more frequent than its pairs explain: more than each pair would meet the
third product by chance, and more than two products would meet in the baskets of the third if only that one drew them.
The lower bound of this lift (five standard errors of its logarithm, as for pairs) exceeds 1. The 1,000 bundles with
most baskets beyond that stay (leverage: Piatetsky-Shapiro, 1991).
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="bundles",
    description="One row per snapshot and pair or triple of products that are bought together above chance.",
    grain=("snapshot_date", "rank"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("rank", "integer", "Place by baskets beyond chance, 1 has most."),
        Column("size", "integer", "2 or 3 products."),
        Column("product_1_id", "varchar", "The first product, in the order of identifiers."),
        Column("product_2_id", "varchar", "The second."),
        Column("product_3_id", "varchar", "The third; null for a pair.", nullable=True),
        Column(
            "offered_product_id", "varchar", "The one to offer to a basket with the others: the surest to be added."
        ),
        Column("bundle_count", "bigint", "Baskets of the last 365 days with all of them."),
        Column("support", "decimal(18,8)", "Share of all baskets that hold all of them."),
        Column("confidence", "decimal(18,8)", "Share of the baskets with the others that hold the offered one."),
        Column("lift", "decimal(18,4)", "Baskets with all, times as many as if the products were independent."),
        Column("lift_over_parts", "decimal(18,4)", "Baskets with all, times as many as the parts explain."),
        Column("lift_lower", "decimal(18,4)", "Lower bound of `lift_over_parts`, five standard errors down."),
        Column("extra_count", "decimal(18,2)", "Baskets with all beyond those that the parts explain."),
        Column(
            "price",
            "decimal(18,4)",
            "Sum of the mean prices per unit (`product_popularity`); null where one is not known.",
            nullable=True,
        ),
    ),
    rules=(
        "rank between 1 and 1000",
        "size = 2 or size = 3 and product_3_id is not null and product_2_id < product_3_id",
        "size = 3 or product_3_id is null",
        "product_1_id < product_2_id",
        "offered_product_id in (product_1_id, product_2_id) or offered_product_id = product_3_id",
        "bundle_count >= 10",
        "confidence > 0 and confidence <= 1 and support <= confidence",
        "lift_lower >= 1 and lift_lower < lift_over_parts",
        "extra_count > 0",
    ),
    expectations=(Expectation("row_count", minimum=1, why="in most shops some products are bought together"),),
)
