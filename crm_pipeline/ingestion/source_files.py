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
        Column("sha256", "varchar", "Digest of the file's bytes."),
        Column("copy_name", "varchar", "Its immutable copy below raw/: content, reader and settings of reading."),
        Column("read_as", "varchar", "What it was read as: kind, encoding, delimiter, sheet or records."),
        Column("byte_count", "bigint", "Size of the file in bytes."),
        Column("row_count", "bigint", "Rows read from the file, broken lines included."),
        Column("line_count", "bigint", "Physical lines; null for files that have none.", nullable=True),
        Column("skipped_line_count", "bigint", "Header, empty lines and comments.", nullable=True),
        Column("record_line_count", "bigint", "Lines of records.", nullable=True),
        Column("rejected_line_count", "bigint", "Lines that are no record; each is a rejected row.", nullable=True),
        Column(
            "schema_changes",
            'struct("column" varchar, change varchar, "before" varchar, "after" varchar)[]',
            "How its columns differ from those of the source's former file; null for the first one.",
            nullable=True,
        ),
        Column("is_current", "boolean", "Whether this is the file's newest content."),
        Column(
            "data_through", "date", "Last day that the source is complete for, where crm.yaml states it.", nullable=True
        ),
        Column("loaded_at", "timestamp", "When the file was first read, in the project's time zone.", is_volatile=True),
    ),
    rules=(
        "row_count >= 0",
        "byte_count > 0",
        "line_count is null or line_count = skipped_line_count + record_line_count + rejected_line_count",
        "rejected_line_count is null or rejected_line_count <= row_count",
    ),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)
