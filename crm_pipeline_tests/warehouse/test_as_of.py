"""No table sees what was not yet known: what the views show, and what happens to tables that try to peek."""

from datetime import date

import pytest
from duckdb import DuckDBPyConnection

from crm_pipeline.contract import columns
from crm_pipeline.contract.lints import lint
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.errors import CrmError
from crm_pipeline.warehouse.as_of import as_of_views, check_visible
from crm_pipeline.warehouse.candidate import Builder, candidate_name
from crm_pipeline_tests.kit import fill_table, make_project
from crm_pipeline_tests.warehouse.planted import EVENTS, TOTALS, TOTALS_SQL, planted_connection, transform

FEBRUARY = date(2024, 2, 1)
ROWS = """event_id, known_at,                   amount
          before,   2024-01-31 23:59:59.999999, 1
          at,       2024-02-01 00:00:00,        10
          after,    2024-02-02,                 100"""


def built(connection: DuckDBPyConnection, table: Table, sql: str, *dates: date, **upstream: Table) -> list[tuple]:
    tables = {table.name: table, EVENTS.name: EVENTS, **upstream}
    Builder(transform(table, sql), tables, make_project()).build(connection, dates or (FEBRUARY,), lambda text: None)
    return connection.execute(f"select * from {candidate_name(table)} order by all").fetchall()


def test_shows_what_was_known_before_the_snapshot_date() -> None:
    with planted_connection(ROWS) as connection:
        assert built(connection, TOTALS, TOTALS_SQL) == [(FEBRUARY, 1, 1)]


def test_the_newest_date_in_the_data_is_no_way_around() -> None:
    newest = "select max(known_at)::date + 1 as snapshot_date, count(*) as event_count, 0 as amount from events"
    with planted_connection(ROWS) as connection:
        assert built(connection, TOTALS, newest) == [(FEBRUARY, 1, 0)]


def test_a_qualified_name_is_a_finding_of_the_lints() -> None:
    findings = lint(TOTALS_SQL.replace("from events", "from cleaned.events"), "totals.sql", TOTALS.grain)
    assert [finding.rule for finding in findings] == ["qualified-name"]


def test_a_table_that_does_not_say_when_its_rows_were_known_cannot_be_read_as_of_a_date() -> None:
    undated = Table("undated", "No time.", ("event_id",), EVENTS.columns[:1], kind="replaced", partition_column=None)
    with pytest.raises(CrmError, match="totals is built as of a snapshot date but reads undated"):
        check_visible(TOTALS, undated)
    sql = TOTALS_SQL.replace("from events", "from undated").replace("amount)", "1)")
    with planted_connection(ROWS) as connection, pytest.raises(CrmError, match="reads undated"):
        built(connection, TOTALS, sql, undated=undated)


def test_tables_about_loads_are_visible_and_replaced_tables_see_everything() -> None:
    about = Table("about", "Loads.", ("event_id",), EVENTS.columns[:1], kind="replaced", partition_column=None,
                  about_loads=True)  # fmt: skip
    check_visible(TOTALS, about)
    copied = Table("copied", "All.", ("event_id",), EVENTS.columns[:1], kind="replaced", partition_column=None,
                   stage="cleaned")  # fmt: skip
    with planted_connection(ROWS) as connection:
        assert [row[0] for row in built(connection, copied, "select event_id from events")] == ["after", "at", "before"]


def test_a_function_and_its_frames_see_the_same() -> None:
    def build(rows, events):
        return rows.assign(amount=int(events["amount"].sum()))

    with planted_connection(ROWS) as connection:
        recipe = Builder(transform(TOTALS, TOTALS_SQL, build), {EVENTS.name: EVENTS}, make_project())
        recipe.build(connection, [FEBRUARY], lambda text: None)
        assert connection.execute(f"select * from {candidate_name(TOTALS)}").fetchall() == [(FEBRUARY, 1, 1)]


PARTS = "snapshot_date, event_count, amount\n2024-01-01, 1, 1\n2024-02-01, 2, 2\n2024-03-01, 4, 4"
READER = Table("reader", "Reads parts.", ("snapshot_date",), TOTALS.columns, stage="features")


def test_of_snapshot_tables_the_parts_up_to_the_date_are_seen() -> None:
    sql = "select $snapshot_date as snapshot_date, sum(event_count) as event_count, 0 as amount from totals"
    with planted_connection(ROWS) as connection:
        fill_table(connection, TOTALS, PARTS)
        assert built(connection, READER, sql, totals=TOTALS) == [(FEBRUARY, 3, 0)]


RUNNING = """
select $snapshot_date as snapshot_date, coalesce(max(event_count), 0) + 1 as event_count, 0 as amount
from totals
"""


def test_a_table_sees_only_earlier_parts_of_itself_the_rebuilt_ones_in_place_of_the_live() -> None:
    with planted_connection(ROWS) as connection:
        fill_table(connection, TOTALS, PARTS.replace(", 4,", ", 40,"))
        rows = built(connection, TOTALS, RUNNING, FEBRUARY, date(2024, 3, 1))
    assert rows == [(FEBRUARY, 2, 0), (date(2024, 3, 1), 3, 0)]  # January's part is the live one


def test_the_first_part_of_a_table_that_reads_itself_sees_nothing() -> None:
    with planted_connection(ROWS) as connection:
        assert built(connection, TOTALS, RUNNING) == [(FEBRUARY, 1, 0)]


def test_of_append_only_tables_the_newest_version_of_each_part_is_seen() -> None:
    log = Table("log", "Every version.", ("snapshot_date",), TOTALS.columns, kind="append_only", stage="features")
    with planted_connection(ROWS) as connection:
        fill_table(connection, log, "snapshot_date, event_count\n2024-01-01, 1")
        connection.execute("insert into features.log values ('2024-01-01', 5, 0, 2)")
        sql = "select $snapshot_date as snapshot_date, sum(event_count) as event_count, 0 as amount from log"
        assert built(connection, READER, sql, log=log) == [(FEBRUARY, 5, 0)]


def test_tables_that_are_not_built_yet_are_empty_and_typed() -> None:
    sql = "select $snapshot_date as snapshot_date, count(*) as event_count, 0 as amount from totals"
    with planted_connection(ROWS) as connection:
        assert built(connection, READER, sql, totals=TOTALS) == [(FEBRUARY, 0, 0)]


def test_views_are_gone_afterwards_also_after_an_error() -> None:
    def views(connection: DuckDBPyConnection) -> int:
        return len(connection.execute("select * from duckdb_views() where not internal").fetchall())

    with planted_connection(ROWS) as connection:
        with pytest.raises(RuntimeError), as_of_views(connection, TOTALS, {EVENTS.name: EVENTS}, FEBRUARY):
            assert views(connection) == 1
            raise RuntimeError
        assert views(connection) == 0


def test_unknown_parameters_and_other_columns_than_declared_are_errors() -> None:
    with planted_connection(ROWS) as connection:
        with pytest.raises(CrmError, match=r"totals\.sql names the unknown parameters \['today'\]; known are"):
            built(connection, TOTALS, TOTALS_SQL.replace("$snapshot_date", "$today"))
        with pytest.raises(CrmError, match=r"totals\.sql selects \['snapshot_date', 'n', 'amount'\], but totals\.py"):
            built(connection, TOTALS, TOTALS_SQL.replace("event_count", "n"))
        with pytest.raises(CrmError, match="totals reads a table 'nowhere' that nothing declares"):
            built(connection, TOTALS, TOTALS_SQL.replace("from events", "from nowhere"))


def test_rows_are_stored_in_the_order_of_the_grain() -> None:
    table = Table("ordered", "Ordered.", ("event_id",), (EVENTS.columns[0], columns.KNOWN_AT), kind="replaced",
                  partition_column=None, stage="cleaned", order_by=("known_at", "event_id"))  # fmt: skip
    with planted_connection(ROWS) as connection:
        Builder(
            transform(table, "select event_id, known_at from events order by event_id desc"),
            {EVENTS.name: EVENTS},
            make_project(),
        ).build(connection, [None], lambda text: None)
        rows = connection.execute(f"select event_id from {candidate_name(table)} order by rowid").fetchall()
    assert [row[0] for row in rows] == ["before", "at", "after"]


def test_nan_of_a_function_is_a_missing_value() -> None:
    mean = Column("mean", "double", "Mean.", nullable=True)
    table = Table("means", "Means.", ("snapshot_date",), (columns.SNAPSHOT_DATE, mean), stage="features")
    with planted_connection(ROWS) as connection:
        Builder(
            transform(
                table, "select $snapshot_date as snapshot_date, 'nan'::double as mean from events", lambda rows: rows
            ),
            {EVENTS.name: EVENTS},
            make_project(),
        ).build(connection, [FEBRUARY], lambda text: None)
        assert connection.execute(f"select mean from {candidate_name(table)}").fetchall() == [(None,)]
