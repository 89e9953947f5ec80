"""Candidate pairs and the pattern of their levels."""

from __future__ import annotations

import duckdb

from crm_pipeline.models.identity.blocking import Rule
from crm_pipeline.models.identity.levels import Comparison, pattern_sql
from crm_pipeline.models.identity.sql import number


def candidate_pairs(
    connection: duckdb.DuckDBPyConnection, records: str, rules: tuple[Rule, ...], only_new: bool, step: int = 1
) -> dict[str, int]:
    """Make the temporary table `identity_candidates` (left_no, right_no), each pair once.

    Args:
        records: prepared records.
        only_new: pairs with at least one new record.
        step: look at the pairs of one in so many records only.

    Returns: pairs by rule, a pair counting for each of its rules.
    """
    connection.execute("create or replace temp table identity_found (left_no integer, right_no integer)")
    counts: dict[str, int] = {}
    before = 0
    for rule in rules:
        connection.execute(f"insert into identity_found {_pairs_of(records, rule, only_new, step)}")
        after = number(connection, "select count(*) from identity_found")
        counts["+".join(rule.keys)] = after - before
        before = after
    connection.execute(
        "create or replace temp table identity_candidates as select distinct left_no, right_no from identity_found"
    )
    connection.execute("drop table temp.identity_found")
    return counts


def _pairs_of(records: str, rule: Rule, only_new: bool, step: int) -> str:
    sampled = f" and l.record_no % {step} = 0" if step > 1 else ""
    if not only_new:
        return (
            f"select l.record_no, r.record_no from {records} as l join {records} as r on {rule.condition('l', 'r')} "
            f"where l.record_no < r.record_no{sampled}"
        )
    return (
        "select least(l.record_no, r.record_no), greatest(l.record_no, r.record_no) "
        f"from (select * from {records} where is_new) as l join {records} as r on {rule.condition('l', 'r')} "
        f"where l.record_no <> r.record_no"
    )


def pair_patterns(
    connection: duckdb.DuckDBPyConnection, records: str, comparisons: tuple[Comparison, ...], extra: str = ""
) -> None:
    """Make the temporary table `identity_patterns`: left_no, right_no, pattern and what `extra` adds."""
    connection.execute(
        "create or replace temp table identity_patterns as "
        f"select left_no, right_no, {pattern_sql(comparisons)} as pattern{extra} from identity_candidates "
        f"join {records} as l on l.record_no = left_no join {records} as r on r.record_no = right_no"
    )
