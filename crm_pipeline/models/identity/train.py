"""Learn from the records at hand, without labels, what makes two of them the same unit."""

from __future__ import annotations

import math
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa

from crm_pipeline.models.identity.blocking import find_rules
from crm_pipeline.models.identity.evidence import coverage
from crm_pipeline.models.identity.levels import Comparison
from crm_pipeline.models.identity.model import Frequencies, IdentityModel
from crm_pipeline.models.identity.pairs import candidate_pairs, pair_patterns
from crm_pipeline.models.identity.prepare import SOUNDS, prepare, shared_values, usable_columns
from crm_pipeline.models.identity.prior import LEAST_RECORDS, of_same, of_strangers, strangers
from crm_pipeline.models.identity.relations import MOVED, SAME, Patterns, learn
from crm_pipeline.models.identity.scoring import NAMES_ALONE, score_candidates
from crm_pipeline.models.identity.settings import VALUES, IdentitySettings
from crm_pipeline.models.identity.sql import number, rows, whole_numbers
from crm_pipeline.models.identity.train_splink import learn_levels

_SAMPLED_RECORDS = 700
_TRAINING_RECORDS = 50_000
_TRAINING_PAIRS = 1_000_000
_FREQUENT_VALUES = 3_000
_CORRECTIONS = 3
_LOWEST_THRESHOLD = 0.5
_OWN_VALUES = frozenset({"email", "phone"})
"""Columns whose equal values say by themselves that two records are one."""
_TELLING = _OWN_VALUES | {"first_name", "last_name", "birth_date", "street", "organisation"}
"""Columns that tell people or organisations apart. With one of them alone nothing can be learned: how often strangers
agree on it shows only where another one tells who is a stranger."""


def train(
    connection: duckdb.DuckDBPyConnection, normalised: str, settings: IdentitySettings | None = None
) -> IdentityModel:
    """Train on normalised records; the same records give the same model, in whatever order they come.

    Returns: a model; `has_matching` is False where nothing can be compared.
    """
    settings = settings or IdentitySettings()
    total = number(connection, f"select count(*) from {normalised}")
    model = IdentityModel(settings, records=total)
    if total < 2:
        return model
    model = replace(model, shared_values=shared_values(connection, normalised, settings))
    records = prepare(connection, normalised, model)
    model = replace(model, columns=usable_columns(connection, records))
    if not model.comparisons:
        return replace(model, columns=())
    model = replace(model, columns=tuple(comparison.column for comparison in model.comparisons))
    model = replace(model, rules=find_rules(connection, records, model.columns, settings.unit))
    if not model.rules:
        return model
    step = max(1, sum(rule.pairs for rule in model.rules) // _TRAINING_PAIRS)
    candidate_pairs(connection, records, model.rules, only_new=False, step=step)
    model = _learned(connection, records, model, step)
    records = prepare(connection, normalised, model)
    score_candidates(connection, records, model)
    return replace(_with_threshold(connection, model), coverage=coverage(connection, normalised, model))


def _learned(connection: duckdb.DuckDBPyConnection, records: str, model: IdentityModel, step: int) -> IdentityModel:
    """The model with levels, relations and frequencies, from the candidate pairs."""
    comparisons, total, unit = model.comparisons, model.records, model.settings.unit
    same = {c.column: of_same(c) for c in comparisons}
    sampled = {c.column: of_strangers(c) for c in comparisons}
    telling = _TELLING & {c.column for c in comparisons}
    is_alone = len(telling) == 1 and telling <= _OWN_VALUES
    if total >= LEAST_RECORDS and not is_alone:
        same, sampled = learn_levels(*_training_tables(connection, records, model), comparisons, model.rules)
    pair_patterns(connection, records, comparisons)
    codes, counts = whole_numbers(
        connection, "select pattern, count(*) from identity_patterns group by all order by all"
    )
    patterns = Patterns.of(codes, counts.astype(np.float64), comparisons)
    pairs = total * (total - 1) / 2
    observed = {c.column: _with_exact(connection, records, c, sampled[c.column]) for c in comparisons}
    observed |= {column: sampled[column] for column in telling if is_alone}
    chance = strangers(comparisons, observed, same, 0.0, pairs)
    shares = {SAME: min(0.1 * total / pairs, 0.1)}
    for _ in range(_CORRECTIONS):
        matches = shares[SAME] * pairs / step
        shares, same = learn(patterns, comparisons, unit, same, chance, pairs / step, matches)
        chance = strangers(comparisons, observed, same, min(shares[SAME] + shares[MOVED], 0.999), pairs)
    duplicates = 2 * (shares[SAME] + shares[MOVED]) * pairs / total
    frequencies = {
        c.column: _frequencies(connection, records, c.column, chance[c.column][0], duplicates)
        for c in comparisons
        if c.by_frequency
    }
    return replace(model, same=same, chance=chance, relations=shares, frequencies=frequencies)


def _training_tables(
    connection: duckdb.DuckDBPyConnection, records: str, model: IdentityModel
) -> tuple[pa.Table, pa.Table]:
    """Records to learn matches from, those of candidate pairs first, and a random sample for strangers."""
    chosen = f"record_no, {', '.join((*VALUES, *SOUNDS))}"
    draw = f"md5(record_id || {model.settings.seed!r}::varchar)"
    sample = connection.sql(
        f"select {chosen} from {records} order by {draw}, record_id limit {_SAMPLED_RECORDS}"
    ).to_arrow_table()
    training = connection.sql(
        "with paired as (select left_no as record_no from identity_candidates "
        "union select right_no from identity_candidates) "
        f"select {chosen} from {records} where {model.records} <= {_TRAINING_RECORDS} "
        f"or record_no in (select record_no from paired) order by {draw}, record_id limit {2 * _TRAINING_RECORDS}"
    ).to_arrow_table()
    return training, sample


def _with_exact(
    connection: duckdb.DuckDBPyConnection, records: str, comparison: Comparison, sampled: tuple[float, ...]
) -> tuple[float, ...]:
    """Levels of random pairs with the share of equal values counted over all pairs instead of sampled."""
    column = comparison.column
    equal, present = rows(
        connection,
        f"with sizes as (select count(*)::double as size from {records} where {column} is not null group by {column}) "
        "select sum(size * (size - 1)), sum(size) from sizes",
    )[0]
    pairs = float(str(present or 0)) * (float(str(present or 0)) - 1)
    exact = max(float(str(equal or 0)), 0.5) / max(pairs, 1.0)
    exact = min(exact, 0.999)
    rest = sum(sampled[1:])
    return (exact, *(share / rest * (1 - exact) for share in sampled[1:]))


def _frequencies(
    connection: duckdb.DuckDBPyConnection, records: str, column: str, chance: float, duplicates: float
) -> Frequencies:
    """What agreement on a value says beyond agreement on any: log2(chance / share of strangers with the value).

    Args:
        duplicates: other records of the same unit that a record has on average; they are no strangers.

    A share is held to be `chance` until a value was seen often enough, with the weight of half a sighting.
    """
    counts = (
        f"select {column} as value, count(*)::double as size from {records} where {column} is not null group by all"
    )
    sums = f"select coalesce(sum(size), 0), coalesce(sum(size * size), 0) from ({counts})"
    total, square = (float(str(each)) for each in rows(connection, sums)[0])
    most = rows(connection, f"{counts} having size > 2 order by size desc, value limit {_FREQUENT_VALUES}")
    frequent = {str(value): float(str(size)) for value, size in most}
    seen = sum(frequent.values())
    rest = total - seen

    def weight(size: float) -> float:
        share = (max(size - 1 - duplicates, 0.0) + 0.5) / (total + 0.5 / chance)
        return round(math.log2(chance / share), 6)

    mean = (square - sum(size**2 for size in frequent.values())) / rest if rest else 1.0
    return Frequencies({value: weight(size) for value, size in frequent.items()}, weight(mean))


def _with_threshold(connection: duckdb.DuckDBPyConnection, model: IdentityModel) -> IdentityModel:
    """The lowest threshold whose accepted pairs reach the precision goal in expectation, and what it gives."""
    scored = connection.execute(
        "select match_probability from identity_scored where reason <> $alone order by match_probability desc",
        {"alone": NAMES_ALONE},
    )
    found = np.asarray(scored.fetchnumpy()["match_probability"], dtype=np.float64)
    if not len(found):
        return model
    precision = np.cumsum(found) / np.arange(1, len(found) + 1)
    accepted = (precision >= model.settings.precision_goal) & (found >= _LOWEST_THRESHOLD)
    if not accepted.any():
        return replace(model, threshold=float(found[0]) if found[0] >= model.settings.precision_goal else 1.0)
    last = int(np.flatnonzero(accepted)[-1])
    everything = last == int((found >= _LOWEST_THRESHOLD).sum()) - 1
    return replace(
        model,
        threshold=_LOWEST_THRESHOLD if everything else round(float(found[last]) - 5e-7, 6),
        precision=round(float(precision[last]), 6),
        recall=round(float(found[: last + 1].sum() / found.sum()), 6),
    )
