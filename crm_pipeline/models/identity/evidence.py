"""What the match is worth and why: estimates without labels, and one pair taken apart."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from crm_pipeline.models.identity.blocking import KEYS
from crm_pipeline.models.identity.levels import BY_COLUMN
from crm_pipeline.models.identity.model import IdentityModel
from crm_pipeline.models.identity.scoring import is_link
from crm_pipeline.models.identity.sql import number, rows

_DRAWS = 20_000
_WORDS = {
    "exact": "{column} is the same",
    "close": "{column} is nearly the same",
    "similar": "{column} is similar",
    "sound": "{column} sounds the same",
    "part": "one {column} is part or initial of the other",
    "swapped": "{column} is swapped with another field or in its parts",
    "one_edit": "{column} is one typing error apart",
    "two_edits": "{column} is two typing errors apart",
    "two_parts": "{column} agrees in two of three parts",
    "same_mailbox": "{column} has the same mailbox at another domain",
    "different": "{column} differs",
}


@dataclass(frozen=True)
class Agreement:
    """A compared column of a pair: its level, and the log2 odds that it adds before frequencies of values."""

    column: str
    level: str
    weight: float


def explain(model: IdentityModel, agreement: str) -> tuple[Agreement, ...]:
    """The levels of a pair with their weights, the strongest first.

    Args:
        agreement: as in the column of that name of `score`.
    """
    found = []
    for part in filter(None, agreement.split(";")):
        column, level = part.split("=")
        place = BY_COLUMN[column].names.index(level) - 1
        weight = float(np.log2(max(model.same[column][place], 1e-9) / max(model.chance[column][place], 1e-9)))
        found.append(Agreement(column, level, round(weight, 2)))
    return tuple(sorted(found, key=lambda each: (-abs(each.weight), each.column)))


def in_words(explained: tuple[Agreement, ...]) -> str:
    """An explanation as an English sentence."""
    said = [_WORDS[each.level].format(column=each.column.replace("_", " ")) for each in explained]
    weighed = [f"{text} ({each.weight:+.1f})" for text, each in zip(said, explained, strict=True)]
    return "; ".join(weighed) + "." if weighed else "Nothing could be compared."


def coverage(connection: duckdb.DuckDBPyConnection, normalised: str, model: IdentityModel) -> float:
    """Share of pairs of the same unit that some blocking rule looks at, as the model expects it.

    Levels are drawn independently by column, a value missing as often as two records lack it; a rule looks at a pair
    whose columns are all exact. Rules by parts of a column count for more in truth, so this is a lower bound.
    """
    if not model.has_matching:
        return 1.0
    counts = ", ".join(f"count({column})" for column in model.columns)
    present = np.array(rows(connection, f"select {counts} from {normalised}")[0], dtype=np.float64)
    shares = present / max(number(connection, f"select count(*) from {normalised}"), 1)
    draw = np.random.default_rng(model.settings.seed).random((_DRAWS, len(model.columns)))
    exact = {
        column: draw[:, place] < model.same[column][0] * share**2
        for place, (column, share) in enumerate(zip(model.columns, shares, strict=True))
    }
    seen = np.zeros(_DRAWS, dtype=bool)
    for rule in model.rules:
        columns = [column for key in rule.keys for column in KEYS[key][1]]
        seen |= np.logical_and.reduce([exact[column] for column in columns])
    return round(float(seen.mean()), 4)


def evidence(
    connection: duckdb.DuckDBPyConnection, normalised: str, pairs: str, assignments: str, model: IdentityModel
) -> dict[str, object]:
    """What can be said without labels: a dictionary for JSON.

    `precision_expected` is the mean probability of linked pairs, `recall_expected` the linked share of all expected
    matches among the pairs looked at, times the coverage of blocking.
    """
    linked, linked_sum, all_sum, near = (
        float(str(value))
        for value in rows(
            connection,
            f"""select count(*) filter ({is_link(model)}),
                coalesce(sum(round(match_probability, 6)::decimal(18, 6)) filter ({is_link(model)}), 0),
                coalesce(sum(round(match_probability, 6)::decimal(18, 6)), 0),
                count(*) filter (match_probability between 0.05 and 0.95)
            from {pairs}""",
        )[0]
    )
    covered = coverage(connection, normalised, model)
    sizes = rows(
        connection,
        f"select size, count(*) from (select count(*) as size from {assignments} group by cluster_id) "
        "group by size order by size",
    )
    return {
        "records": model.records,
        "linked_pairs": int(linked),
        "pairs_near_the_threshold": int(near),
        "threshold": model.threshold,
        "precision_expected": round(linked_sum / linked, 6) if linked else 1.0,
        "recall_expected": round(linked_sum / all_sum * covered, 6) if all_sum else 1.0,
        "blocking_coverage": covered,
        "blocking_rules": [{"keys": list(rule.keys), "pairs": rule.pairs} for rule in model.rules],
        "cluster_sizes": {str(size): int(str(count)) for size, count in sizes},
        "held_records": number(connection, f"select count(*) from {assignments} where is_held"),
        "levels": {
            column: {
                level: {"same": round(model.same[column][place], 6), "strangers": round(model.chance[column][place], 8)}
                for place, level in enumerate(BY_COLUMN[column].names[1:])
            }
            for column in model.columns
            if column in model.same
        },
    }
