"""Which customer a source's record belongs to."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="customer_identity",
    description="One row per source and customer key: current knowledge of identity, applied to every snapshot.",
    grain=("source", "source_customer_id"),
    columns=(
        columns.SOURCE,
        Column("source_customer_id", "varchar", "The customer's key in that source.", pii="pseudonymous"),
        columns.CUSTOMER_ID,
        Column(
            "match_probability",
            "double",
            "Probability that the record belongs to the customer, of the best link to the customer's other records; "
            "1 for a key that stands for itself.",
        ),
        Column(
            "match_reason",
            "varchar",
            "Why: own_key (nothing was matched), same_key (described under this key by another source), single, or how "
            "the record was matched (docs/identity.md).",
        ),
        Column("is_held", "boolean", "Whether the record awaits a person's decision (`crm-pipeline review`)."),
    ),
    rules=("match_probability between 0 and 1",),
    kind="replaced",
    partition_column=None,
    delta_key=("source_customer_id",),
    keys_as_delivered=True,
    owner="team:data-engineering",
)
