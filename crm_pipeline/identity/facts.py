"""What matching says of itself, as rows of the report: estimates, sizes, coverage, bad values, matches in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_pipeline.identity.state import SCHEMA, has_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.models.identity import BadValues, IdentityModel, ScoreReport

EXAMPLES = 8
BORDERLINE = (0.2, 0.98)
"""Pairs with a probability between the two are told of, and reviewed first."""
Fact = tuple[str, str, float | None, str | None]

_COUNTS = """
with sizes as (select customer_id, count(*) as records from identity_result group by customer_id)

select 'customers' as measure, 'records' as name, count(*)::double as value, null::varchar as words
from identity_result
union all
select 'customers', 'customers', count(*), null from sizes
union all
select 'customers', 'of several records', count(*) filter (records > 1), null from sizes
union all
select 'customers', 'held records', count(*) filter (is_held), 'they wait for crm-pipeline review' from identity_result
union all
select 'size', lpad(records::varchar, 6, ' ') || ' records', count(*), null from sizes group by records
union all
select 'reason', match_reason, count(*), null from identity_result group by match_reason
union all
select 'pairs', 'borderline', count(*), 'probability between $low and $high' from identity_all_pairs
where match_probability between $low and $high
union all
select 'pairs', 'stated of unknown records', count(*), 'listed or decided pairs of which a record is not there'
from (from identity_listed_always union all from identity_listed_never)
where left_id not in (select record_id from identity_all_records)
    or right_id not in (select record_id from identity_all_records)
"""

_EXAMPLES = """
select p.match_probability, p.reason, p.agreement
from identity_all_pairs as p
inner join identity_clusters as l on p.left_id = l.record_id
inner join identity_clusters as r on p.right_id = r.record_id and l.cluster_id = r.cluster_id
qualify row_number() over (partition by p.reason order by p.match_probability, p.left_id, p.right_id) = 1
order by p.match_probability, p.reason
"""


def collect_facts(
    connection: DuckDBPyConnection,
    model: IdentityModel,
    bad: Sequence[BadValues],
    scored: ScoreReport,
    *,
    is_whole: bool,
) -> None:
    """Make the temporary table `identity_next_facts` (measure, name, value, words) after a run."""
    rows: list[Fact] = [
        ("estimate", "precision", model.precision, "share of the accepted pairs that are right, as the model expects"),
        (
            "estimate",
            "recall",
            model.recall,
            "share of the right pairs compared that are accepted, as the model expects",
        ),
        ("estimate", "threshold", model.threshold, "least probability of an accepted pair"),
        ("blocking", "coverage", model.coverage, "share of the right pairs that are compared, as estimated"),
    ]
    if is_whole:
        rows += [("blocking", rule, float(pairs), "pairs compared") for rule, pairs in scored.pairs_by_rule.items()]
    else:
        rows += _kept(connection, "blocking", "pairs compared")
    rows += _bad_values(connection, bad, is_whole)
    for number, (probability, reason, agreement) in enumerate(connection.execute(_EXAMPLES).fetchall()[:EXAMPLES], 1):
        rows.append(("example", f"match {number}", probability, in_words(reason, agreement)))
    connection.execute(
        "create or replace temporary table identity_next_facts "
        "(measure varchar, name varchar, value double, words varchar)"
    )
    connection.executemany("insert into identity_next_facts values (?, ?, ?, ?)", [list(row) for row in rows])
    low, high = BORDERLINE
    counts = _COUNTS.replace("$low", str(low)).replace("$high", str(high))
    connection.execute(f"insert into identity_next_facts {counts}")


def in_words(reason: str, agreement: str) -> str:
    """Why two records match, without anybody's values: `first name exact, birth date swapped (probabilistic)`."""
    levels = [level.replace("=", " ", 1).replace("_", " ") for level in agreement.split(";") if level]
    told = [level for level in levels if not level.endswith(" missing")]
    return f"{', '.join(told)} ({reason.replace('_', ' ')})"


def _kept(connection: DuckDBPyConnection, measure: str, words: str) -> list[Fact]:
    """What the last run over all records said."""
    if not has_state(connection, "facts"):
        return []
    sql = f"select measure, name, value, words from {SCHEMA}.facts where measure = ? and words = ? order by name"
    return connection.execute(sql, [measure, words]).fetchall()


def _bad_values(connection: DuckDBPyConnection, bad: Sequence[BadValues], is_whole: bool) -> list[Fact]:
    """Values that identify nobody, by column and reason: of all records, and of those that came since."""
    counts: dict[str, float] = {}
    if not is_whole and has_state(connection, "facts"):
        earlier = connection.execute(f"select name, value from {SCHEMA}.facts where measure = 'bad value'").fetchall()
        counts = dict(earlier)
    for item in bad:
        name = f"{item.column}: {item.reason}"
        counts[name] = counts.get(name, 0) + item.rows
    return [("bad value", name, float(value), None) for name, value in sorted(counts.items())]
