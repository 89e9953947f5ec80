"""Every input row is accounted for: read = clean + rejected + duplicate + left out, per source and file."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="reconciliation",
    description="One row per source and current file: where its rows went.",
    grain=("source", "file_name"),
    columns=(
        columns.SOURCE,
        Column("entity", "varchar", "Entity of the customer model."),
        Column("file_name", "varchar", "The source file."),
        Column("read_count", "bigint", "Rows read when the file was copied."),
        Column("clean_count", "bigint", "Rows that became clean."),
        Column("rejected_count", "bigint", "Rows that broke a rule."),
        Column("duplicate_count", "bigint", "Rows that say nothing new."),
        Column("left_out_count", "bigint", "Rows that are not for this entity (`where` of the source)."),
        Column("entity_clean_count", "bigint", "Clean rows of all sources of the entity."),
        Column("entity_published_count", "bigint", "Rows of the entity's cleaned table, counted there."),
        Column(
            "first_event_at", "timestamp", "The earliest clean event; null for things without a time.", nullable=True
        ),
        Column("last_event_at", "timestamp", "The latest clean event; null for things without a time.", nullable=True),
        Column("stated_data_through", "date", "Last complete day, where crm.yaml states it.", nullable=True),
    ),
    rules=(
        "read_count = clean_count + rejected_count + duplicate_count + left_out_count",
        "entity_clean_count = entity_published_count",
    ),
    expectations=(
        Expectation(
            "maximum", "rejected_count", maximum=1_000_000, why="so many rejected rows point to a wrong mapping"
        ),
    ),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)
