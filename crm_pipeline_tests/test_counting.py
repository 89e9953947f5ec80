"""Counts in sentences."""

from crm_pipeline.counting import agreeing, counted, said_of


def test_only_one_is_singular() -> None:
    assert [counted(number, "row") for number in (0, 1, 2, 1200)] == ["0 rows", "1 row", "2 rows", "1,200 rows"]
    assert [agreeing(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]
    assert said_of(1, "row", "fails", "fail") == "1 row fails"
