"""How candidates are stored."""

from pathlib import Path

import duckdb

from crm_pipeline.contract.table import Column, Table
from crm_pipeline.warehouse.candidate import candidate_name, create_candidate


def test_texts_that_do_not_repeat_are_not_searched_for_repetitions(tmp_path: Path) -> None:
    words = Column("word", "varchar", "A text.")
    table = Table(
        name="lines",
        description="Planted.",
        stage="cleaned",
        grain=("line_id",),
        columns=(Column("line_id", "varchar", "A key.").own(), words),
        kind="replaced",
        partition_column=None,
    )
    with duckdb.connect(str(tmp_path / "stored.duckdb")) as connection:
        create_candidate(connection, table)
        connection.execute(f"insert into {candidate_name(table)} select 'line ' || n, n % 7 from range(9999) as r (n)")
        connection.execute("checkpoint")
        found = connection.execute(
            "select distinct column_name, compression from pragma_storage_info('cleaned.lines__candidate') "
            "where segment_type = 'VARCHAR' order by 1"
        ).fetchall()
    assert found == [("line_id", "ZSTD"), ("word", "DICT_FSST")]
    assert table.columns[0] == Column("line_id", "varchar", "A key.")  # how it is stored is not what it is
