"""What is known of the pairs inside a connected component, and which components contradict themselves."""

from __future__ import annotations

import duckdb

from crm_pipeline.models.identity.cluster_split import CONTRADICTED, NEVER, Evidence
from crm_pipeline.models.identity.model import IdentityModel
from crm_pipeline.models.identity.prepare import prepare
from crm_pipeline.models.identity.prior import LEAST_RECORDS
from crm_pipeline.models.identity.scoring import NAMES_ALONE, score_candidates
from crm_pipeline.models.identity.sql import rows

_ALL_PAIRS_UP_TO = 200
"""In larger components only the pairs that were looked at speak; they are cut for their size in any case."""
_DOUBT = -3.0
"""log2 odds below which a pair inside a component contradicts it (a probability of 0.11)."""
_TWO_BIRTH_DATES = "contains(agreement, 'birth_date=different')"
"""Dates that are more than two edits apart, and neither swapped nor equal in two of their three parts."""
_MOST_WRONG_DATES = 0.03
"""Where a larger share of the pairs of one person have such dates, birth dates are too often wrong to contradict."""


def doubtful_components(connection: duckdb.DuckDBPyConnection, normalised: str, model: IdentityModel) -> dict[int, str]:
    """Components to look at closely with the reason; makes `identity_inside`: every known pair inside components."""
    if not model.has_matching:  # then only what was stated is known
        connection.execute(
            "create or replace temp table identity_inside as select a, b, weight, agreement, component "
            "from identity_edges join identity_component on no = a"
        )
    else:
        _score_inside(connection, normalised, model)
    if _is_born_once(model):
        # who accepted a record has seen its birth date
        stated = "select a from identity_always union select b from identity_always"
        connection.execute(
            f"update identity_inside set weight = {CONTRADICTED!r} "
            f"where {_TWO_BIRTH_DATES} and a not in ({stated}) and b not in ({stated})"
        )
    connection.execute(
        f"insert into identity_inside select n.a, n.b, {NEVER!r}, 'never', c.component "
        "from (from identity_never anti join identity_same using (a, b)) as n "
        "join identity_component as c on c.no = n.a "
        "join identity_component as d on d.no = n.b and d.component = c.component"
    )
    found: dict[int, str] = {}
    for component, reason in rows(
        connection,
        f"""with reasons as (
            select component, case
                when agreement = 'never' then 'split_never_match'
                when contains(agreement, 'first_name=different') and contains(agreement, 'birth_date=exact')
                    then 'split_twins'
                when contains(agreement, 'birth_date=different') then 'split_birth_dates'
                else 'split_names' end as reason
            from identity_inside where weight < {_DOUBT}
            union all
            select component, 'split_too_large' from identity_component group by component
            having count(*) > {model.settings.largest_cluster}
        ) select component, min(reason) from reasons group by component order by component""",
    ):
        found[int(str(component))] = str(reason)
    return found


def _is_born_once(model: IdentityModel) -> bool:
    """Whether two birth dates are two people's, whatever else agrees: nobody is born twice, but clerks guess.

    How often one person's dates differ was learned; below `LEAST_RECORDS` it was not. A household has many birth dates.
    """
    if model.settings.unit != "person" or "birth_date" not in model.same:
        return False
    return model.records < LEAST_RECORDS or model.same["birth_date"][-1] <= _MOST_WRONG_DATES


def _score_inside(connection: duckdb.DuckDBPyConnection, normalised: str, model: IdentityModel) -> None:
    """Score every pair inside components of three and more, and keep it in `identity_inside`."""
    connection.execute(
        f"""create or replace temp table identity_members as
        select o.record_id, o.no, c.component from identity_component as c join identity_order as o on o.no = c.no
        where c.component in (
            select component from identity_component group by component having count(*) between 3 and {_ALL_PAIRS_UP_TO}
        )"""
    )
    records = prepare(connection, f"(from {normalised} semi join identity_members using (record_id))", model)
    connection.execute(
        f"""create or replace temp table identity_candidates as
        with members as (
            select r.record_no, m.component from identity_members as m join {records} as r using (record_id)
        )
        select l.record_no as left_no, r.record_no as right_no from members as l join members as r
        on l.component = r.component and l.record_no < r.record_no"""
    )
    score_candidates(connection, records, model, kept_from=0.0)
    connection.execute(
        f"""create or replace temp table identity_inside as
        with scored as (
            select least(x.no, y.no) as a, greatest(x.no, y.no) as b, agreement,
                if(reason = '{NAMES_ALONE}', least(match_weight, 0.0), match_weight) as weight
            from identity_scored
            join {records} as l on l.record_no = left_no join identity_members as x on x.record_id = l.record_id
            join {records} as r on r.record_no = right_no join identity_members as y on y.record_id = r.record_id
        ), everything as (
            select a, b, weight, agreement from identity_edges
            union all
            select a, b, weight, agreement from scored anti join identity_edges using (a, b)
        )
        select a, b, weight, agreement, component from everything join identity_component on no = a"""
    )
    for name in ("scored", "candidates", "records", "members"):
        connection.execute(f"drop table temp.identity_{name}")


def evidence_inside(connection: duckdb.DuckDBPyConnection) -> list[Evidence]:
    """Pairs inside components, from the strongest; of a pair that is stated twice, the strictest word."""
    found = rows(
        connection,
        "select component, a, b, min(weight) as weight from identity_inside group by all "
        "order by component, weight desc, a, b",
    )
    return [Evidence(int(str(c)), int(str(a)), int(str(b)), float(str(weight))) for c, a, b, weight in found]
