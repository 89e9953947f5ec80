"""Staged tables show customers' ids only where some key belongs to another."""

from crm_pipeline.ingestion.staged import STAGED
from crm_pipeline.warehouse.same_customers import LOCATION, with_customers
from crm_pipeline_tests.kit import memory_warehouse

LINES = STAGED["staged_order_lines"]


def test_without_keys_that_forward_the_view_is_the_plain_one() -> None:
    connection = memory_warehouse()
    assert with_customers(connection, LINES, "from x") == "from x", "before anything was built"
    connection.execute("create schema cleaned")
    connection.execute(f"create table {LOCATION} (source_customer_id varchar, customer_id varchar)")
    assert with_customers(connection, LINES, "from x") == "from x", "and where nothing is matched"
    connection.execute(f"insert into {LOCATION} values ('w1', 'c1')")
    assert with_customers(connection, LINES, "from x") != "from x"
