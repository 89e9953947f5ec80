"""The tools of the tests: what they fill in, what they compare, and what they say."""

import pandas as pd
import pytest

from crm_pipeline.cleaned import orders
from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.features import customer_rfm
from crm_pipeline_tests.kit import assert_builds, built_rows, fill_table, memory_warehouse, parse_rows

ORDERS = """customer_id, ordered_at, net_amount
            ada,         2024-01-01, 10"""


def test_blank_is_null_comments_are_left_out_and_quotes_keep_commas():
    header, rows = parse_rows('a, b -- first\n 1,   -- one\n\n "x, y", 2')
    assert (header, rows) == (["a", "b"], [["1", None], ["x, y", "2"]])


def test_a_row_of_another_length_is_an_error():
    with pytest.raises(ValueError, match=r"\['1'\] has 1 values for the 2 columns"):
        parse_rows("a, b\n1")


def test_columns_left_out_are_filled():
    with memory_warehouse() as connection:
        table = declared_transforms()["order_lines"].table
        fill_table(connection, table, "ordered_at, net_amount\n2024-01-01 10:00, -5\n2024-01-02, 5")
        rows = connection.execute(
            "select order_line_id, customer_id, quantity, is_return, known_at::varchar from cleaned.order_lines"
        ).fetchall()
    assert rows == [
        ("order_line_id-1", None, 1, True, "2024-01-01 10:00:00"),
        ("order_line_id-2", None, 1, False, "2024-01-02 00:00:00"),
    ]


def test_a_difference_shows_both_sides():
    with pytest.raises(AssertionError) as failure:
        assert_builds(
            customer_rfm,
            snapshot_date="2024-02-01",
            orders=ORDERS,
            expected="""customer_id, frequency
                        ada,         1""",
        )
    assert str(failure.value).splitlines()[1:] == [
        "    customer_id  frequency",
        "  + ada          0        ",
        "  - ada          1        ",
    ]


def test_a_missing_and_a_surplus_row_are_differences():
    with pytest.raises(AssertionError, match=r"- bob"):
        assert_builds(customer_rfm, snapshot_date="2024-02-01", orders=ORDERS, expected="customer_id\nada\nbob")
    with pytest.raises(AssertionError, match=r"\+ ada"):
        assert_builds(customer_rfm, snapshot_date="2024-02-01", orders=ORDERS, expected="customer_id")


def test_inputs_that_the_table_does_not_read_are_errors():
    with pytest.raises(ValueError, match=r"customer_rfm does not read \['products'\]"):
        built_rows(customer_rfm, snapshot_date="2024-02-01", products="product_id\np")
    with pytest.raises(ValueError, match=r"orders has no columns \['amount'\]"):
        built_rows(customer_rfm, snapshot_date="2024-02-01", orders="amount\n1")


def test_snapshots_see_what_was_known_at_each(assert_builds):
    assert_builds(
        customer_rfm,
        snapshot_dates=["2024-01-01", "2024-01-02", "2024-01-03"],
        orders="""customer_id, ordered_at
                  ada,         2024-01-01
                  ada,         2024-01-02""",
        expected="""snapshot_date, customer_id, frequency, T
                    2024-01-02,    ada,         0,         1
                    2024-01-03,    ada,         1,         2""",
    )


def test_frames_serve_as_inputs_with_nan_for_missing():
    lines = pd.DataFrame({"order_id": ["a", "a"], "net_amount": [1.5, 2.0], "unit_price": [None, 2.0]})
    assert built_rows(orders, order_lines=lines)["net_amount"].tolist() == [3.5]


def test_rows_that_break_the_contract_fail():
    with pytest.raises(AssertionError, match="known_at >= ordered_at: 1 row fails"):
        built_rows(orders, order_lines="order_id, ordered_at, known_at\na, 2024-01-02, 2024-01-01")
