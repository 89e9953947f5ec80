"""The rules cover every combination of scores once, and SQL gives what Python gives."""

from itertools import product

import duckdb
import pytest
import sqlglot

from crm_pipeline.segments.rfm_segments import RFM_RULES, named_rfm_segment, rfm_segment_sql

SCORES = range(1, 6)


def test_every_combination_of_scores_has_exactly_one_rule() -> None:
    for r, f, m in product(SCORES, repeat=3):
        fm = (f + m + 1) // 2
        matching = [
            rule.name
            for rule in RFM_RULES
            if rule.r_scores[0] <= r <= rule.r_scores[1] and rule.fm_scores[0] <= fm <= rule.fm_scores[1]
        ]
        assert len(matching) == 1, (r, f, m, matching)


def test_names_are_unique_and_explained() -> None:
    assert len({rule.name for rule in RFM_RULES}) == len(RFM_RULES) == 11
    assert all(rule.meaning and rule.action for rule in RFM_RULES)


@pytest.mark.parametrize(
    ("r", "f", "m", "segment"),
    [
        (5, 5, 5, "champions"),
        (5, 1, 1, "new customers"),
        (4, 1, 1, "promising"),
        (4, 1, 2, "potential loyalists"),  # the mean 1.5 rounds up to 2
        (3, 4, 3, "loyal"),
        (3, 3, 3, "need attention"),
        (3, 2, 2, "about to sleep"),
        (2, 3, 4, "at risk"),
        (1, 5, 4, "cannot lose them"),
        (2, 1, 1, "hibernating"),
        (1, 1, 1, "lost"),
    ],
)
def test_segments_by_example(r: int, f: int, m: int, segment: str) -> None:
    assert named_rfm_segment(r, f, m) == segment


def test_sql_gives_the_same_names() -> None:
    sql = f"""
        with scores as (select unnest([1, 2, 3, 4, 5]) as score)
        select r.score, f.score, m.score, {rfm_segment_sql("r.score", "f.score", "m.score")}
        from scores r, scores f, scores m
    """
    rows = duckdb.connect().execute(sql).fetchall()
    assert len(rows) == 125
    assert all(named_rfm_segment(r, f, m) == segment for r, f, m, segment in rows)


def test_sql_is_null_without_scores() -> None:
    assert duckdb.connect().execute(f"select {rfm_segment_sql('null::int', '1', '1')}").fetchall() == [(None,)]


def test_sql_reads_the_same_on_spark() -> None:
    duck = sqlglot.parse_one(rfm_segment_sql(), dialect="duckdb")
    assert duck == sqlglot.parse_one(duck.sql(dialect="spark"), dialect="spark")


@pytest.mark.parametrize("scores", [(0, 1, 1), (1, 6, 1), (1, 1, 2.5)])
def test_other_scores_are_refused(scores: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be a whole number from 1 to 5"):
        named_rfm_segment(*scores)
