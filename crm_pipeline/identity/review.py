"""`crm-pipeline review`: pairs for a person to look at, those that matter most first; and decisions."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from crm_pipeline.errors import UserError
from crm_pipeline.identity.decisions import Action, Decision, append_decision, load_decisions, standing
from crm_pipeline.identity.facts import BORDERLINE, in_words
from crm_pipeline.identity.records import MATCHED, is_matching, records_query
from crm_pipeline.identity.settings import Pair, check_pair, listed_pairs
from crm_pipeline.identity.state import SCHEMA, has_state
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.pipeline import Pipeline

WIDTH = 38
"""Characters of each of the two records on the terminal."""
LEAST_UNCERTAINTY = 0.2
"""Of pairs in customers that are held: they are in doubt however alike the two records are."""

_PAIRS = """
with records as (
    select a.source || '/' || a.source_customer_id as record_id, a.source_customer_id, a.customer_id, a.is_held
    from identity.identity_assignments as a
),

judged as (
    select
        p.left_id,
        p.right_id,
        p.match_probability,
        p.reason,
        p.agreement,
        l.customer_id as left_customer,
        r.customer_id as right_customer,
        coalesce(ls.spend, 0) as left_spend,
        coalesce(rs.spend, 0) as right_spend,
        greatest(
            4 * p.match_probability * (1 - p.match_probability), if(l.is_held and r.is_held, $least, 0)
        ) as uncertainty
    from identity.pairs as p
    inner join records as l on p.left_id = l.record_id
    inner join records as r on p.right_id = r.record_id
    left join review_spend as ls on l.source_customer_id = ls.customer_key
    left join review_spend as rs on r.source_customer_id = rs.customer_key
    where l.source_customer_id <> r.source_customer_id
        and (p.match_probability between $low and $high or (l.is_held and r.is_held and p.match_probability > 0.5))
)

select *, least(left_spend, right_spend) + 0.01 * greatest(left_spend, right_spend) as stake
from judged
where (left_id, right_id) not in (select left_id, right_id from review_decided)
qualify row_number() over (
    partition by least(left_customer, right_customer), greatest(left_customer, right_customer)
    order by uncertainty desc, left_id, right_id
) = 1
order by stake * uncertainty desc, uncertainty desc, left_id, right_id
limit $count
"""


@dataclass(frozen=True)
class Doubt:
    """A pair to review: how likely it is one customer, why, what hangs on it, and whether it is one now."""

    pair: Pair
    probability: float
    why: str
    stake: float
    is_merged: bool


def review_command(
    pipeline: Pipeline,
    accept: Pair | None,
    reject: Pair | None,
    undo: int | None,
    *,
    list_all: bool = False,
    count: int = 5,
) -> None:
    """Record one decision, list the decisions, or show the pairs that wait for one.

    UserError when nothing is matched yet, a record is not known, or there is nothing to undo.
    """
    if sum(item is not None for item in (accept, reject, undo)) + list_all > 1:
        raise UserError("give one of --accept, --reject, --undo and --list at a time")
    if list_all:
        _print_decisions(pipeline)
    elif undo is not None:
        _undo(pipeline, undo)
    elif accept is not None or reject is not None:
        action: Action = "accept" if accept is not None else "reject"
        _decide(pipeline, action, accept or reject or ("", ""))
    else:
        _print_doubts(pipeline, count)


@contextmanager
def _vault(pipeline: Pipeline) -> Iterator[DuckDBPyConnection]:
    """The vault, for reading; UserError where nothing was matched."""
    warehouse = pipeline.warehouse
    if pipeline.project.identity.off:
        raise UserError(f"{pipeline.project.folder}: identity is off in crm.yaml, so nothing is matched")
    if is_matching(pipeline.project) and warehouse.vault.exists():
        with warehouse.connect("vault", read_only=True, attach=True) as connection:
            if has_state(connection, "records"):
                yield connection
                return
    raise UserError(
        f"{pipeline.project.folder}: no records were matched yet; map names, e-mail addresses or the like of customers "
        "in crm.yaml, and start crm-pipeline run"
    )


def doubts(connection: DuckDBPyConnection, settled: Collection[Pair], count: int) -> list[Doubt]:
    """The pairs whose decision matters most: value at stake x uncertainty.

    At stake is the spend of the smaller of the two (their keys' own orders), which is counted for the wrong customer
    when the decision is wrong, and a hundredth of the larger, so that pairs without orders come last.
    """
    built = connection.execute(
        "select count(*) from duckdb_tables() where database_name = 'live' and schema_name = 'cleaned' "
        "and table_name = 'order_lines'"
    ).fetchone()
    spend = (
        "select customer_id as customer_key, sum(net_amount)::double as spend from staged.staged_order_lines "
        "where verdict = 'clean' and customer_id is not null group by customer_id"
        if built and built[0]
        else "select null::varchar as customer_key, 0::double as spend where false"
    )
    connection.execute(f"create or replace temporary table review_spend as {spend}")
    connection.execute("create or replace temporary table review_decided (left_id varchar, right_id varchar)")
    if settled:
        connection.executemany("insert into review_decided values (?, ?)", [list(pair) for pair in sorted(settled)])
    low, high = BORDERLINE
    sql = _PAIRS.replace("$low", str(low)).replace("$high", str(high)).replace("$least", str(LEAST_UNCERTAINTY))
    cursor = connection.execute(sql, {"count": count})
    names = [item[0] for item in cursor.description or ()]
    found = []
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        found.append(
            Doubt(
                (row["left_id"], row["right_id"]),
                row["match_probability"],
                in_words(row["reason"], row["agreement"]),
                row["stake"],
                row["left_customer"] == row["right_customer"],
            )
        )
    return found


def _print_doubts(pipeline: Pipeline, count: int) -> None:
    project = pipeline.project
    sources = project.sources_of("customers")
    listed = listed_pairs(project.identity, project.folder, sources)
    settled = {(min(pair), max(pair)) for pairs in listed.values() for pair in pairs}
    settled |= set(standing(load_decisions(project.folder, sources)))
    with _vault(pipeline) as connection:
        found = doubts(connection, settled, count)
        records = _records(connection, [record for doubt in found for record in doubt.pair])
    if not found:
        click.echo("Nothing waits for a decision.")
        return
    for number, doubt in enumerate(found, 1):
        left, right = doubt.pair
        state = "one customer now" if doubt.is_merged else "two customers now"
        click.echo(
            f"{number}. {doubt.probability:.0%} likely one customer, {state}; "
            f"{doubt.stake:,.2f} {project.currency} at stake"
        )
        click.echo(f"   {doubt.why}")
        click.echo(f"   {'':<13}{_shown(left):<{WIDTH}}  {_shown(right)}")
        for line in side_by_side(records.get(left, {}), records.get(right, {})):  # either may have left since the run
            click.echo(f"   {line}")
        names = _clean(f"{shlex.quote(left)} {shlex.quote(right)}")
        click.echo(f"   crm-pipeline review --accept {names}    (or --reject)\n")
    click.echo(
        "What you decide holds from the next crm-pipeline run on; --list shows decisions, --undo takes one back."
    )


def _records(connection: DuckDBPyConnection, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    cursor = connection.execute(
        f"select * from ({records_query('staged.staged_customers')}) "
        "where list_contains($wanted::varchar[], record_id)",
        {"wanted": list(wanted)},
    )
    names = [item[0] for item in cursor.description or ()]
    return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


def side_by_side(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """What two records say, column by column; `=` marks values that are equal as written."""
    lines = []
    for name in MATCHED:
        first, second = left.get(name), right.get(name)
        if first is None and second is None:
            continue
        mark = "=" if first == second else " "
        shown = [_shown(str(value)) if value is not None else "-" for value in (first, second)]
        lines.append(f"{name:<13}{shown[0]:<{WIDTH}}{mark} {shown[1]}")
    return lines


def _clean(text: str) -> str:
    """The text without characters that steer a terminal or turn its writing round."""
    return "".join(character if character.isprintable() else " " for character in text)


def _shown(text: str) -> str:
    return _clean(text)[:WIDTH]


def _decide(pipeline: Pipeline, action: Action, pair: Pair) -> None:
    project = pipeline.project
    sources = project.sources_of("customers")
    try:
        check_pair(pair, sources, f"--{action}", may_share_key=action == "accept")
    except ValueError as error:
        raise UserError(str(error)) from None
    with _vault(pipeline) as connection:
        known = {record for (record,) in connection.execute(f"select record_id from {SCHEMA}.records").fetchall()}
    for record in pair:
        if record not in known:
            raise UserError(f"--{action}: there is no record {record!r}{closest(record, known)}")
    before = load_decisions(project.folder, sources)
    decision = Decision(_next(before), action, pair[0], pair[1], None, _user(), _now(pipeline))
    held = standing(before).get(decision.pair)
    if held is not None and held.action == action:
        raise UserError(f"--{action}: decision {held.id} says so already; --undo {held.id} takes it back")
    append_decision(project.folder, decision)
    words = "are one customer" if action == "accept" else "are not one customer"
    click.echo(_clean(f"Decision {decision.id}: {pair[0]} and {pair[1]} {words}, from the next crm-pipeline run on."))


def _undo(pipeline: Pipeline, number: int) -> None:
    project = pipeline.project
    before = load_decisions(project.folder, project.sources_of("customers"))
    undone = {item.undoes for item in before if item.action == "undo"}
    if number not in {item.id for item in before if item.action != "undo"}:
        raise UserError(f"--undo {number}: there is no such decision; crm-pipeline review --list shows them")
    if number in undone:
        raise UserError(f"--undo {number}: that decision was taken back already")
    append_decision(project.folder, Decision(_next(before), "undo", None, None, number, _user(), _now(pipeline)))
    click.echo(f"Decision {number} no longer holds, from the next crm-pipeline run on.")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"


def _next(before: Sequence[Decision]) -> int:
    return max((item.id for item in before), default=0) + 1


def _now(pipeline: Pipeline) -> str:
    now: datetime = pipeline.now()
    return now.astimezone(pipeline.project.zone).replace(tzinfo=None, microsecond=0).isoformat()


def _print_decisions(pipeline: Pipeline) -> None:
    project = pipeline.project
    found = load_decisions(project.folder, project.sources_of("customers"))
    undone = {item.undoes: item.id for item in found if item.action == "undo"}
    if not found:
        click.echo("Nobody has decided anything yet.")
    for item in found:
        what = f"undo {item.undoes}" if item.action == "undo" else f"{item.action} {item.left} {item.right}"
        state = f"  (taken back by {undone[item.id]})" if item.id in undone else ""
        click.echo(_clean(f"{item.id:>4}  {item.at}  {item.by:<12} {what}{state}"))
