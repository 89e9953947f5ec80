"""Input rows that broke a rule: where they stand and which rule; their values stay in the vault."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="rejected_rows",
    description="One row per input row that broke a rule.",
    grain=("source", "file_name", "position"),
    columns=(
        columns.SOURCE,
        Column("entity", "varchar", "Entity of the customer model."),
        Column("file_name", "varchar", "The source file."),
        Column("position", "bigint", "The record's number in its file; minus the line's number for a broken line."),
        Column("rule", "varchar", "The first rule that the row broke."),
    ),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)
