"""The probability that a pair of records is one unit, in SQL with the learned weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from crm_pipeline.models.identity.levels import BITS, DIFFERENT, EXACT, MISSING, Comparison
from crm_pipeline.models.identity.model import IdentityModel
from crm_pipeline.models.identity.pairs import candidate_pairs, pair_patterns
from crm_pipeline.models.identity.prepare import prepare
from crm_pipeline.models.identity.relations import MOVED, SAME, STRANGERS, Patterns, sharing, weights
from crm_pipeline.models.identity.sql import keep, whole_numbers

KEPT_FROM = 0.01
"""Pairs with a lower probability are not kept."""
NAMES_ALONE = "names_alone"
"""Reason of pairs in which nothing but names agrees. They link no one, however rare the names: how many people share
them is guessed from the frequency of each name, and namesakes are what that guess is worst at."""
_TELLS_LITTLE = frozenset({"first_name", "last_name", "gender", "region", "country"})
_HARDLY_AGREES = frozenset({MISSING, DIFFERENT, "two_edits", "two_parts"})


@dataclass(frozen=True)
class ScoreReport:
    """How many pairs were looked at and kept, and how many each blocking rule gave."""

    candidate_pairs: int
    kept_pairs: int
    pairs_by_rule: dict[str, int]


def score(
    connection: duckdb.DuckDBPyConnection, normalised: str, model: IdentityModel, target: str, only: str | None = None
) -> ScoreReport:
    """Write the pairs that may be one unit to a temporary table, ordered by their ids: `PAIR_COLUMNS`.

    A pair's row is a function of its two records and of the model.

    Args:
        only: a table with record ids; pairs that touch none of them are left out.
    """
    if not model.has_matching:
        connection.execute(
            f"create or replace temp table {target} (left_id varchar, right_id varchar, match_probability double, "
            "match_weight double, reason varchar, agreement varchar)"
        )
        return ScoreReport(0, 0, {})
    records = prepare(connection, normalised, model, only)
    by_rule = candidate_pairs(connection, records, model.rules, only_new=only is not None)
    looked_at, kept = score_candidates(connection, records, model)
    connection.execute(
        f"create or replace temp table {target} as select l.record_id as left_id, r.record_id as right_id, "
        "match_probability, match_weight, reason, agreement from identity_scored "
        f"join {records} as l on l.record_no = left_no join {records} as r on r.record_no = right_no "
        "order by left_id, right_id"
    )
    for name in ("scored", "candidates", "records"):
        connection.execute(f"drop table temp.identity_{name}")
    return ScoreReport(looked_at, kept, by_rule)


def score_candidates(
    connection: duckdb.DuckDBPyConnection, records: str, model: IdentityModel, kept_from: float = KEPT_FROM
) -> tuple[int, int]:
    """Make `identity_scored` (left_no, right_no, match_probability, match_weight, reason, agreement) of the candidates.

    Args:
        kept_from: the lowest probability of pairs to keep.

    Returns: pairs looked at, and kept.
    """
    comparisons = model.comparisons
    relations = {SAME: dict.fromkeys(model.columns, 1.0), **sharing(model.settings.unit), STRANGERS: dict[str, float]()}
    places = {c.column: place for place, c in enumerate(comparisons)}
    pair_patterns(connection, records, comparisons, "".join(f", l.{column}_weight" for column in model.frequencies))
    looked_at, _ = connection.execute("select count(*), 0 from identity_patterns").fetchone() or (0, 0)
    _register_weights(connection, model)
    terms = {}
    for relation in model.relations:
        rare = [
            f"case when (identity_patterns.pattern >> {BITS * places[column]}) & {(1 << BITS) - 1} = 1 "
            f"then -{column}_weight else 0 end"
            for column in model.frequencies
            if relations[relation].get(column, 0.0) < 0.5
        ]
        terms[relation] = " + ".join([f"weight_{relation}", *rare])
    least = math.log2(kept_from / (1 - kept_from)) if kept_from > 0 else -1e300
    unit_relations = [relation for relation in model.relations if relation in _of_one_unit(model)]
    others = [relation for relation in model.relations if relation not in unit_relations]
    connection.execute(
        "create or replace temp table identity_scored as with sums as ("
        f"select left_no, right_no, agreement, reason, {_log_sum([terms[r] for r in unit_relations])} - "
        f"({_log_sum([terms[r] for r in others])}) as match_weight "
        "from identity_patterns join identity_weights using (pattern)) "
        "select left_no, right_no, round(1 / (1 + pow(2.0, -match_weight)), 9) as match_probability, "
        "round(match_weight, 6) as match_weight, reason, agreement "
        f"from sums where match_weight >= {least!r}"
    )
    kept, _ = connection.execute("select count(*), 0 from identity_scored").fetchone() or (0, 0)
    for name in ("patterns", "weights"):
        connection.execute(f"drop table temp.identity_{name}")
    return int(looked_at), int(kept)


def _of_one_unit(model: IdentityModel) -> tuple[str, ...]:
    """Relations that make two records one unit."""
    return (SAME, MOVED, *(("household", "twins", "namesakes") if model.settings.unit == "household" else ()))


def _log_sum(terms: list[str]) -> str:
    """log2 of the sum of powers of two, without overflow."""
    if len(terms) == 1:
        return f"({terms[0]})"
    largest = f"greatest({', '.join(terms)})"
    summed = " + ".join(f"pow(2.0, ({term}) - {largest})" for term in terms)
    return f"({largest} + log2({summed}))"


def _register_weights(connection: duckdb.DuckDBPyConnection, model: IdentityModel) -> None:
    """Make `identity_weights`: for each pattern that occurs the weight of each relation, words of levels, a reason."""
    comparisons = model.comparisons
    (codes,) = whole_numbers(connection, "select distinct pattern from identity_patterns order by all")
    patterns = Patterns.of(codes, np.ones(len(codes)), comparisons)
    joint = weights(patterns, comparisons, model.settings.unit, model.same, model.chance, model.relations)
    frame: dict[str, object] = {"pattern": pa.array(codes)}
    frame |= {f"weight_{relation}": pa.array(values) for relation, values in joint.items()}
    frame["agreement"] = pa.array([_agreement(comparisons, levels) for levels in patterns.levels], pa.string())
    frame["reason"] = pa.array([_reason(comparisons, levels) for levels in patterns.levels], pa.string())
    keep(connection, "identity_weights", frame)


def _agreement(comparisons: tuple[Comparison, ...], levels: np.ndarray) -> str:
    """`column=level` of what both records have, joined by semicolons."""
    named = [(c.column, c.names[level]) for c, level in zip(comparisons, levels, strict=True)]
    return ";".join(f"{column}={level}" for column, level in named if level != MISSING)


def _reason(comparisons: tuple[Comparison, ...], levels: np.ndarray) -> str:
    """The plainest reason that the levels of a pair give."""
    exact = {c.column for c, level in zip(comparisons, levels, strict=True) if c.names[level] == EXACT}
    same_name = {"first_name", "last_name"} <= exact or "organisation" in exact
    if "email" in exact:
        return "exact_email"
    if "phone" in exact:
        return "exact_phone"
    if same_name and "birth_date" in exact:
        return "same_name_birth_date"
    if same_name and {"street", "house_number"} <= exact:
        return "same_name_address"
    agrees = {c.column for c, level in zip(comparisons, levels, strict=True) if c.names[level] not in _HARDLY_AGREES}
    return "probabilistic" if agrees - _TELLS_LITTLE else NAMES_ALONE


def is_link(model: IdentityModel) -> str:
    """SQL that holds for the scored pairs that make two records one unit."""
    return f"(match_probability >= {model.threshold!r} and reason <> '{NAMES_ALONE}')"
