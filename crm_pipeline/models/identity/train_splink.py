"""Levels of matches and of strangers, learned by splink without labels.

splink works in a database of its own in memory, on one thread: sums of floats keep their order, so that the same
records give the same model, and nothing of it is left in the caller's database.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import duckdb
import pyarrow as pa

from crm_pipeline.models.identity.blocking import KEYS, Rule
from crm_pipeline.models.identity.levels import Comparison
from crm_pipeline.models.identity.prior import Levels, of_same, of_strangers

_MOST_SESSIONS = 5
_EM_PAIRS = 400_000


def learn_levels(
    records: pa.Table, sample: pa.Table, comparisons: tuple[Comparison, ...], rules: tuple[Rule, ...]
) -> tuple[Levels, Levels]:
    """By column, the shares of levels among matches (m) and among strangers (u), missing values aside.

    Args:
        records: record_no and the compared columns; expectation maximisation runs on these.
        sample: a random sample of such records, all pairs of which give u.
        rules: that may block the sessions of expectation maximisation.
    """
    from splink.internals.exceptions import EMTrainingException

    logging.getLogger("splink").setLevel(logging.ERROR)
    u_model = _linker(sample, comparisons)
    u_model.training.estimate_u_using_random_sampling(
        max_pairs=float(max(sample.num_rows, 2)) ** 2, min_count_per_level=None, num_chunks=1
    )
    pairs = max(sample.num_rows * (sample.num_rows - 1) / 2, 1.0)
    chance = _probabilities(u_model, comparisons, "u_probability", 0.5 / pairs)
    linker = _linker(records, comparisons, chance)
    for rule in _sessions(comparisons, rules):
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                _plain_condition(rule),
                estimate_without_term_frequencies=True,
                fix_u_probabilities=True,
                max_pairs=_EM_PAIRS,
            )
        except (EMTrainingException, ValueError) as error:
            # No pairs, or a level so rare among matches that its share underflows: the other sessions serve.
            logging.getLogger(__name__).info("%s teaches nothing: %s", "+".join(rule.keys), error)
    same = _probabilities(linker, comparisons, "m_probability", 1e-7)
    return same, chance


def _linker(records: pa.Table, comparisons: tuple[Comparison, ...], chance: Levels | None = None) -> Any:
    """A splink linker on the records in a database of its own."""
    from splink import DuckDBAPI, Linker, SettingsCreator

    stated: list[Any] = []
    for comparison in comparisons:
        levels = comparison.splink_levels()
        for level, u in zip(levels[1:], (chance or {}).get(comparison.column, ()), strict=False):
            level["u_probability"] = u
        stated.append({"output_column_name": comparison.column, "comparison_levels": levels})
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=stated,
        unique_id_column_name="record_no",
        retain_matching_columns=False,
        max_iterations=50,
        em_convergence=1e-5,
    )
    database = DuckDBAPI(connection=duckdb.connect(config={"threads": "1"}))
    return Linker(database.register(records), settings, log_level=logging.ERROR)


def _plain(rule: Rule) -> bool:
    """Whether the keys of a rule are columns as they stand, which splink can leave out of a session."""
    return all(KEYS[key][0] == f"{{t}}.{key}" for key in rule.keys)


def _plain_condition(rule: Rule) -> str:
    return " and ".join(f"l.{key} = r.{key}" for key in rule.keys)


def _sessions(comparisons: tuple[Comparison, ...], rules: tuple[Rule, ...]) -> list[Rule]:
    """Rules for expectation maximisation, fewest pairs first, until each column was left to learn at least twice."""
    columns = {comparison.column for comparison in comparisons}
    learned = dict.fromkeys(columns, 0)
    chosen: list[Rule] = []
    for rule in sorted((r for r in rules if _plain(r)), key=lambda each: (each.pairs, each.keys)):
        gains = [column for column in columns - set(rule.columns) if learned[column] < 2]
        leaves_any = any(_read(comparison).isdisjoint(rule.columns) for comparison in comparisons)
        if gains and leaves_any and len(chosen) < _MOST_SESSIONS:
            chosen.append(rule)
            for column in columns - set(rule.columns):
                learned[column] += 1
    return chosen


def _read(comparison: Comparison) -> set[str]:
    """The columns that a comparison reads: splink leaves out one that reads a column of the session's rule.

    First and last names read each other's column, for they may be swapped.
    """
    conditions = " ".join(str(level["sql_condition"]) for level in comparison.splink_levels())
    return {name for name, _ in re.findall(r"\b(\w+)_([lr])\b", conditions)}


def _probabilities(linker: Any, comparisons: tuple[Comparison, ...], name: str, unseen: float) -> Levels:
    """Trained shares by column and level; what was never observed gets the share `unseen`."""
    stored = {each["output_column_name"]: each for each in linker.misc.save_model_to_json()["comparisons"]}
    found = {}
    for comparison in comparisons:
        # a session that broke off leaves the model without the columns of its rule: what is held beforehand serves
        known = stored[comparison.column]["comparison_levels"] if comparison.column in stored else []
        levels = [level for level in known if not level.get("is_null_level")]
        shares = [level.get(name) for level in levels]
        if all(not isinstance(share, float) for share in shares):
            shares = list(of_same(comparison) if name == "m_probability" else of_strangers(comparison))
        numbers = [max(share, unseen) if isinstance(share, float) else unseen for share in shares]
        found[comparison.column] = tuple(share / sum(numbers) for share in numbers)
    return found
