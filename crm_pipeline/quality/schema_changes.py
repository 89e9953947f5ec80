"""How the columns of a source's files changed from one file to the next."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="schema_changes",
    description="One row per file and column that differs from the source's former file; nothing is coerced silently.",
    grain=("source", "file_name", "sha256", "column_name", "change"),
    columns=(
        columns.SOURCE,
        Column("file_name", "varchar", "The file that brought the change."),
        Column("sha256", "varchar", "Digest of the file's bytes."),
        Column(
            "known_since", "timestamp", "When that file was first read, in the project's time zone.", is_volatile=True
        ),
        Column("column_name", "varchar", "The column, by its former name where it had one."),
        Column("change", "varchar", "new, dropped, renamed (likely) or retyped."),
        Column(
            "before", "varchar", "Former name of a renamed column, else how most values were written.", nullable=True
        ),
        Column("after", "varchar", "New name of a renamed column, else how most values are written.", nullable=True),
        Column("is_newest", "boolean", "Whether it came with the load that brought the source's newest current file."),
    ),
    rules=("change in ('new', 'dropped', 'renamed', 'retyped')",),
    expectations=(
        Expectation(
            "maximum", "is_newest", maximum=0, why="the newest file of a source has other columns than the one before"
        ),
    ),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)
