"""What matching says of itself, as rows of the report: estimates, sizes, coverage, bad values, matches in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_pipeline.identity.state import SCHEMA, has_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.models.identity import BadValues, ClusterReport, IdentityModel, ScoreReport

EXAMPLES = 5
Fact = tuple[str, str, float | None, str | None]


def collect_facts(
    connection: DuckDBPyConnection,
    model: IdentityModel,
    bad: Sequence[BadValues],
    scored: ScoreReport,
    grouped: ClusterReport,
    *,
    is_whole: bool,
) -> None:
    """Make the temporary table `identity_next_facts` (measure, name, value, words) after a run."""
    from crm_pipeline.models.identity import evidence

    found = evidence(connection, "identity_all_normalised", "identity_all_pairs", "identity_clusters", model)
    rows: list[Fact] = list(_flat("", found))
    rows += [("clusters", name, float(value), None) for name, value in _counts(grouped)]
    rows += [("scoring", name, float(value), None) for name, value in _counts(scored)]
    rows += _bad_values(connection, bad, is_whole)
    rows += _examples(connection, model)
    connection.execute(
        "create or replace temporary table identity_next_facts "
        "(measure varchar, name varchar, value double, words varchar)"
    )
    if rows:
        connection.executemany("insert into identity_next_facts values (?, ?, ?, ?)", [list(row) for row in rows])
    connection.execute(
        "insert into identity_next_facts select 'reason', match_reason, count(*), null from identity_result group by all "
        "union all select 'customers', 'records', count(*), null from identity_result "
        "union all select 'customers', 'customers', count(distinct customer_id), null from identity_result "
        "union all select 'customers', 'held records', count(*) filter (is_held), null from identity_result"
    )


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[Fact]:
    """Numbers of nested figures, each under the path of its names."""
    for key, value in values.items():
        name = f"{prefix} {key}".strip()
        if isinstance(value, Mapping):
            yield from _flat(name, value)
        elif isinstance(value, bool | int | float):
            measure, _, rest = name.partition(" ")
            yield (measure, rest or measure, float(value), None)
        elif isinstance(value, str):
            measure, _, rest = name.partition(" ")
            yield (measure, rest or measure, None, value)
        elif isinstance(value, list | tuple):
            yield from _flat(name, {str(number): item for number, item in enumerate(value, 1)})


def _counts(report: object) -> Iterable[tuple[str, int]]:
    """The whole numbers of a report."""
    for name, value in vars(report).items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield name.replace("_", " "), value


def _bad_values(connection: DuckDBPyConnection, bad: Sequence[BadValues], is_whole: bool) -> list[Fact]:
    """Values that identify nobody, by column and reason: of all records, and of those that came since."""
    counts: dict[str, float] = {}
    if not is_whole and has_state(connection, "facts"):
        earlier = connection.execute(f"select name, value from {SCHEMA}.facts where measure = 'bad_value'").fetchall()
        counts = dict(earlier)
    for item in bad:
        name = f"{item.column}: {item.reason}"
        counts[name] = counts.get(name, 0) + item.rows
    return [("bad_value", name, float(value), None) for name, value in sorted(counts.items())]


def _examples(connection: DuckDBPyConnection, model: IdentityModel) -> list[Fact]:
    """Some matches in words: of each reason the pair nearest to the threshold, without anybody's values."""
    from crm_pipeline.models.identity import explain, words

    cursor = connection.execute(
        "select p.* from identity_all_pairs as p "
        "inner join identity_clusters as l on p.left_id = l.record_id "
        "inner join identity_clusters as r on p.right_id = r.record_id and l.cluster_id = r.cluster_id "
        "qualify row_number() over (partition by p.agreement order by p.match_probability, p.left_id, p.right_id) = 1 "
        f"order by p.match_probability, p.left_id, p.right_id limit {EXAMPLES}"
    )
    names = [item[0] for item in cursor.description or ()]
    found: list[Fact] = []
    for number, values in enumerate(cursor.fetchall(), 1):
        row = dict(zip(names, values, strict=True))
        found.append(("example", f"match {number}", float(row["match_probability"]), words(explain(model, row))))
    return found


def facts_json(connection: DuckDBPyConnection) -> str:
    """The facts as JSON, for logs and metadata."""
    rows = connection.execute("select measure, name, value, words from identity_next_facts order by all").fetchall()
    return json.dumps(rows)
