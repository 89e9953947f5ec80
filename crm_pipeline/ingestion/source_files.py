"""The load manifest: every source file that was ever read, by content."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="source_files",
    description=(
        "One row per source file and content: the load manifest. "
        "The same file again changes nothing; a corrected file is a new row."
    ),
    grain=("source", "file_name", "sha256"),
    columns=(
        columns.SOURCE,
        Column("entity", "varchar", "Entity of the customer model that the source maps to."),
        Column("file_name", "varchar", "The file's name below the project (or package) folder."),
        Column("sha256", "varchar", "Digest of the file's bytes; names its immutable copy."),
        Column("byte_count", "bigint", "Size of the file in bytes."),
        Column("row_count", "bigint", "Rows read from the file, broken lines included."),
        Column("is_current", "boolean", "Whether this is the file's newest content."),
        Column(
            "data_through", "date", "Last day that the source is complete for, where crm.yaml states it.", nullable=True
        ),
        Column("loaded_at", "timestamp", "When the file was first read, in the project's time zone.", is_volatile=True),
    ),
    rules=("row_count >= 0", "byte_count > 0"),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)
