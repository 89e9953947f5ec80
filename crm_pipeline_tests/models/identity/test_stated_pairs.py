"""What keys and people state stands above what the model thinks: same keys, then never, then always."""

from collections.abc import Sequence

import duckdb
import pytest

from crm_pipeline.models.identity import cluster, normalise, score, train
from crm_pipeline.models.identity.cluster_split import ALWAYS, NEVER, SAME_KEY, Evidence, split
from crm_pipeline_tests.models.identity.people import records

Pairs = Sequence[tuple[int, int]]


def _parts(*evidence: tuple[int, int, float], largest: int = 30) -> set[frozenset[int]]:
    """Clusters of component 0 from pairs and weights."""
    strongest = sorted(evidence, key=lambda each: (-each[2], each[:2]))
    final, _ = split([Evidence(0, a, b, weight) for a, b, weight in strongest], {0: "doubt"}, largest)
    known = {record for pair in evidence for record in pair[:2]}
    heads = {record: final.get(record, 0) for record in known}
    return {frozenset(r for r in known if heads[r] == head) for head in heads.values()}


def test_a_stated_pair_outweighs_any_number_of_contradictions() -> None:
    assert _parts((0, 1, ALWAYS), (1, 2, ALWAYS), (0, 2, -40.0)) == {frozenset({0, 1, 2})}
    assert _parts((0, 1, 30.0), (1, 2, 25.0), (0, 2, -40.0)) == {frozenset({0, 1}), frozenset({2})}


def test_a_pair_that_must_not_be_parts_stated_pairs_but_no_key() -> None:
    assert frozenset({0, 1, 2}) not in _parts((0, 1, ALWAYS), (1, 2, ALWAYS), (0, 2, NEVER))
    assert _parts((0, 1, SAME_KEY), (1, 2, ALWAYS), (0, 2, NEVER)) == {frozenset({0, 1}), frozenset({2})}
    assert _parts((0, 1, SAME_KEY), (1, 2, SAME_KEY), (0, 2, NEVER)) == {frozenset({0, 1, 2})}


def test_the_largest_size_does_not_part_what_is_stated() -> None:
    assert _parts((0, 1, ALWAYS), (1, 2, ALWAYS), (0, 3, 9.0), largest=2) == {frozenset({0, 1, 2}), frozenset({3})}


def _table(connection: duckdb.DuckDBPyConnection, name: str, pairs: Pairs) -> str:
    connection.execute(f"create temp table {name} (left_id varchar, right_id varchar)")
    for a, b in pairs:
        connection.execute(f"insert into {name} values (?, ?)", [f"r{a:03d}", f"r{b:03d}"])
    return name


@pytest.mark.parametrize(
    ("always", "never", "same_key", "together"),
    [
        ([], [], [(0, 1), (1, 2)], {(0, 1), (0, 2), (1, 2)}),
        ([(2, 0), (1, 2)], [], [], {(0, 1), (0, 2), (1, 2)}),
        ([(0, 1)], [(1, 0)], [], set()),
        ([(1, 2)], [(0, 2)], [(0, 1)], {(0, 1)}),
        ([], [(0, 1)], [(0, 1)], {(0, 1)}),
    ],
)
def test_three_people_with_nothing_in_common(
    always: Pairs, never: Pairs, same_key: Pairs, together: set[tuple[int, int]]
) -> None:
    """One born on three days under three names: contradictory, and yet what is stated holds."""
    connection = duckdb.connect()
    rows: list[dict[str, str | None]] = [
        {"full_name": name, "birth_date": day, "email": mail}
        for name, day, mail in (
            ("Grace Hopper", "1976-01-02", "grace@sea.org"),
            ("Emmy Noether", "1962-03-23", "emmy@ring.org"),
            ("Mary Somerville", "1980-11-29", "mary@sky.org"),
        )
    ]
    normalise(connection, records(connection, rows), "normalised")
    model = train(connection, "normalised")
    score(connection, "normalised", model, "pairs")
    tables = [_table(connection, *each) for each in (("given", always), ("denied", never), ("keyed", same_key))]
    cluster(connection, "pairs", "normalised", model, "assignments", *tables)
    found = connection.execute("select cluster_id from assignments order by record_id").fetchall()
    assert {(a, b) for a in range(3) for b in range(a + 1, 3) if found[a] == found[b]} == together
