"""The few keys of customers that are not their customer's id."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="customer_forwarding",
    description=(
        "One row per customer key whose records belong to a customer of another id: matched to one, or merged into "
        "one. Every table of `cleaned` has the customer's id; look here for keys that were written elsewhere."
    ),
    grain=("source_customer_id",),
    columns=(
        Column(
            "source_customer_id",
            "varchar",
            "The key in the sources, which is no customer's id now.",
            pii="pseudonymous",
        ),
        columns.CUSTOMER_ID.described("The customer whom it belongs to."),
    ),
    rules=("source_customer_id <> customer_id",),
    kind="replaced",
    partition_column=None,
    delta_key=("source_customer_id",),
    keys_as_delivered=True,
    owner="team:data-engineering",
)
