"""Kinds of products, from what the catalogue says."""

import pandas as pd

from crm_pipeline.recommendations.purchase_rows import with_kinds


def kinds(names: list[str | None], categories: list[str | None]) -> list[int]:
    catalogue = pd.DataFrame(
        {
            "product_number": range(1, len(names) + 1),
            "product_name": pd.Series(names, dtype=object),
            "subcategory": pd.Series([None] * len(names), dtype=object),
            "category": pd.Series(categories, dtype=object),
        }
    )
    return list(with_kinds(catalogue[["product_number"]], catalogue)["kind"])


def test_names_that_are_shared_are_the_kinds() -> None:
    assert kinds(["beer", "milk", "beer", "milk"], ["drinks"] * 4) == [0, 1, 0, 1]


def test_names_of_their_own_leave_the_category() -> None:
    assert kinds(["ale", "stout", "milk", "loaf"], ["beer", "beer", "dairy", None]) == [0, 0, 1, -1]


def test_a_catalogue_without_anything_has_no_kinds() -> None:
    assert kinds([None, None], [None, None]) == [-1, -1]


def test_products_outside_of_the_catalogue_have_none() -> None:
    catalogue = pd.DataFrame(
        {"product_number": [1, 2], "product_name": ["beer", "beer"], "subcategory": None, "category": None}
    )
    assert list(with_kinds(pd.DataFrame({"product_number": [2, 9]}), catalogue)["kind"]) == [0, -1]
