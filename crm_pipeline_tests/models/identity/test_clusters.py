"""Who becomes one: tiny tables, whose levels are those held of ordinary populations, and given pairs."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.models.identity import (
    IdentityModel,
    IdentitySettings,
    Metrics,
    bcubed_metrics,
    cluster,
    coverage,
    evidence,
    explain,
    in_words,
    normalise,
    pair_metrics,
    score,
    train,
)
from crm_pipeline.models.identity.evidence import _WORDS
from crm_pipeline.models.identity.levels import COMPARISONS
from crm_pipeline_tests.models.identity.people import records

Row = dict[str, str | None]
HOME: Row = {"street": "Rose Lane", "house_number": "4", "postcode": "12345", "city": "Bath"}
ADA: Row = {"first_name": "Ada", "last_name": "Lovelace", "birth_date": "1985-12-10", "email": "ada@engine.org", **HOME}
TWIN: Row = {**ADA, "first_name": "Beatrice", "email": None}
STRANGERS: list[Row] = [
    {"first_name": first, "last_name": last, "birth_date": day, "email": f"{first}.{last}@mail.org", "city": city}
    for first, last, day, city in (
        ("Grace", "Hopper", "1976-01-02", "Leeds"),
        ("Emmy", "Noether", "1962-03-23", "York"),
        ("Sofia", "Kovalevskaya", "1990-06-15", "Hull"),
        ("Mary", "Somerville", "1980-11-29", "Derby"),
    )
]


def _resolve(rows: list[Row], **options: object) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    chosen = IdentitySettings(**options)  # type: ignore[arg-type]
    normalise(connection, records(connection, rows), "normalised", chosen)
    model = IdentityModel.from_json(train(connection, "normalised", chosen).to_json())
    score(connection, "normalised", model, "pairs")
    cluster(connection, "pairs", "normalised", model, "assignments")
    return connection


def _clusters(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(connection.execute("select record_id, cluster_id from assignments").fetchall())


def _partition(connection: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, head in _clusters(connection).items():
        found.setdefault(head, set()).add(record)
    return {frozenset(members) for members in found.values()}


@pytest.mark.parametrize(
    "other",
    [
        {**ADA, "last_name": "Lovelce"},
        {**ADA, "first_name": "Lovelace", "last_name": "Ada"},
        {**ADA, "birth_date": "1985-10-12"},
        {**ADA, "last_name": "King"},
        {**ADA, "street": "Mill Road", "house_number": "99", "postcode": "54321", "city": "Ely"},
        {"first_name": "A.", "last_name": "Lovelace", "email": "ADA@engine.org"},
    ],
)
def test_one_person_written_down_twice(other: Row) -> None:
    assert _clusters(_resolve([ADA, other, *STRANGERS]))["r001"] == "r000"


@pytest.mark.parametrize(
    "other",
    [
        TWIN,
        {**HOME, "first_name": "William", "last_name": "Lovelace", "birth_date": "1983-02-21"},
        {**HOME, "first_name": "Ada", "last_name": "Lovelace", "birth_date": "1952-07-01"},
        {"first_name": "Ada", "last_name": "Byron", "city": "Bath"},
        {"first_name": "Ada", "last_name": "Lovelace"},  # however rare a name is: names alone say nothing
        {**TWIN, "first_name": "B", "birth_date": None},
    ],
)
def test_twins_families_and_neighbours_stay_apart(other: Row) -> None:
    assert _clusters(_resolve([ADA, other, *STRANGERS]))["r001"] == "r001"


def test_a_household_is_one_unit_where_the_project_says_so() -> None:
    spouse: Row = {**HOME, "first_name": "William", "last_name": "Lovelace", "birth_date": "1983-02-21"}
    assert _clusters(_resolve([ADA, spouse, *STRANGERS], unit="household"))["r001"] == "r000"


def test_organisations_are_one_whoever_speaks_for_them() -> None:
    firm: Row = {"organisation": "Engine Works Ltd.", "phone": "+44 20 7946 0018", **HOME}
    rows: list[Row] = [
        {**firm, "first_name": "Ada"},
        {**firm, "organisation": "engine works limited", "first_name": "Charles"},
        {"organisation": "Mill & Sons", "phone": "+44 20 7946 0911", "street": "Mill Road", "city": "Ely"},
    ]
    assert _clusters(_resolve(rows, unit="organisation")) == {"r000": "r000", "r001": "r000", "r002": "r002"}


def test_two_initials_are_not_a_typing_error_of_each_other() -> None:
    assert "first_name=different" in _agreement({**ADA, "first_name": "A."}, {**ADA, "first_name": "B"})
    assert "first_name=close" in _agreement(ADA, {**ADA, "first_name": "Adda"})


def _agreement(left: Row, right: Row) -> str:
    """The levels of the pair of two records."""
    found = _resolve([left, right, *STRANGERS]).execute("select agreement from pairs where left_id = 'r000'").fetchall()
    return str(found[0][0])


def test_names_and_mail_alone_are_enough() -> None:
    rows: list[Row] = [
        {"full_name": "Ada Lovelace", "email": "ada@engine.org"},
        {"full_name": "Lovelace, Ada", "email": "Ada@Engine.org"},
        *({"full_name": f"{row['first_name']} {row['last_name']}", "email": row["email"]} for row in STRANGERS),
    ]
    assert len(set(_clusters(_resolve(rows)).values())) == 5


def test_what_many_people_share_merges_no_one() -> None:
    rows: list[Row] = [{**row, "email": "office@shared.org", "phone": "+442079460018"} for row in (ADA, *STRANGERS)]
    rows += [{"first_name": "Lise", "last_name": "Meitner", "email": "office@shared.org"}]
    rows += [{"first_name": "Katherine", "last_name": "Johnson", "email": "office@shared.org"}]
    assert len(set(_clusters(_resolve(rows)).values())) == len(rows)


def test_stated_pairs_win_and_never_wins_over_always() -> None:
    connection = _resolve([ADA, ADA, *STRANGERS])
    model = train(connection, "normalised")
    connection.execute(
        "create table always as select 'r003' as left_id, 'r002' as right_id union all select 'r000', 'r001'"
    )
    connection.execute("create table never as select 'r001' as left_id, 'r000' as right_id union all select 'r9', 'r1'")
    report = cluster(connection, "pairs", "normalised", model, "assignments", "always", "never")
    found = _clusters(connection)
    assert (found["r001"], found["r003"], report.clusters) == ("r001", "r002", 1)


def test_without_matching_what_was_stated_is_merged_as_far_as_nothing_forbids_it() -> None:
    connection = _resolve([{"city": "Bath"}] * 6)
    model = IdentityModel(IdentitySettings())
    assert not model.has_matching
    connection.execute(
        "create table always as select 'r000' as left_id, unnest(['r001', 'r002']) as right_id "
        "union all select 'r003', 'r004'"
    )
    connection.execute("create table never as select 'r001' as left_id, 'r002' as right_id")
    cluster(connection, "pairs", "normalised", model, "assignments", "always", "never")
    assert sorted(map(sorted, _partition(connection))) == [["r000", "r001"], ["r002"], ["r003", "r004"], ["r005"]]
    left = connection.execute("select table_name from duckdb_tables() where table_name like 'identity_%'").fetchall()
    assert left == []


def test_a_model_knows_the_coverage_of_its_rules() -> None:
    connection = _resolve([ADA, ADA, *STRANGERS])
    model = train(connection, "normalised")
    assert 0 < model.coverage == coverage(connection, "normalised", model) < 1


def test_a_chain_through_a_forbidden_pair_is_cut_and_held() -> None:
    connection = _resolve([ADA, ADA, ADA, *STRANGERS])
    model = train(connection, "normalised")
    connection.execute("create table never as select 'r001' as left_id, 'r000' as right_id")
    report = cluster(connection, "pairs", "normalised", model, "assignments", never="never")
    found = _clusters(connection)
    assert found["r001"] != found["r000"]
    assert report.splits == {"split_never_match": 3}
    held = connection.execute("select record_id from assignments where is_held order by all").fetchall()
    assert held == [("r000",), ("r001",), ("r002",)]


def test_nobody_is_born_twice_until_somebody_says_so() -> None:
    """One name, address and mailbox, two birth dates: held, each with what agrees with it, until accepted."""
    other: Row = {**ADA, "birth_date": "1952-07-01"}
    rows = [ADA, other, {**ADA, "birth_date": None, "phone": "+44 20 7946 0018"}, *STRANGERS]
    connection = _resolve(rows)
    assert _partition(connection) >= {frozenset({"r000", "r002"}), frozenset({"r001"})}
    held = connection.execute("select record_id, reason from assignments where is_held order by all").fetchall()
    assert held == [(record, "split_birth_dates") for record in ("r000", "r001", "r002")]
    model = train(connection, "normalised")
    connection.execute("create table accepted as select 'r001' as left_id, 'r002' as right_id")
    cluster(connection, "pairs", "normalised", model, "assignments", always="accepted")
    assert frozenset({"r000", "r001", "r002"}) in _partition(connection)
    assert connection.execute("select count(*) from assignments where is_held").fetchall() == [(0,)]


def test_in_a_household_two_birth_dates_contradict_nothing() -> None:
    connection = _resolve([ADA, {**ADA, "birth_date": "1952-07-01"}, *STRANGERS], unit="household")
    assert frozenset({"r000", "r001"}) in _partition(connection)
    assert connection.execute("select count(*) from assignments where is_held").fetchall() == [(0,)]


def test_a_cluster_that_is_too_large_is_cut() -> None:
    connection = _resolve([ADA] * 5 + STRANGERS, largest_cluster=3)
    sizes = connection.execute("select count(*) from assignments group by cluster_id order by 1 desc").fetchall()
    assert sizes[0] == (3,)


def test_new_records_give_the_pairs_of_the_full_run_that_touch_them() -> None:
    connection = _resolve([ADA, {**ADA, "last_name": "Lovelce"}, ADA, *STRANGERS, {**STRANGERS[0], "city": None}])
    model = train(connection, "normalised")
    connection.execute("create table fresh as select 'r002' as record_id union all select 'r007'")
    score(connection, "normalised", model, "pairs")
    score(connection, "normalised", model, "new_pairs", only="fresh")
    touching = "left_id in (select record_id from fresh) or right_id in (select record_id from fresh)"
    whole = connection.execute(f"select * from pairs where {touching} order by all").fetchall()
    assert whole == connection.execute("select * from new_pairs order by all").fetchall()
    assert whole


row = st.fixed_dictionaries(
    {
        "first_name": st.sampled_from(["Ada", "Adda", "Grace", None]),
        "last_name": st.sampled_from(["Lovelace", "Lovelce", "Hopper", None]),
        "birth_date": st.sampled_from(["1985-12-10", "1985-10-12", "1906-12-09", None]),
        "email": st.sampled_from(["ada@engine.org", "grace@navy.mil", None]),
        "city": st.sampled_from(["Bath", "Leeds", None]),
    }
)


@settings(max_examples=3, deadline=None)
@given(rows=st.lists(row, min_size=2, max_size=8), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], order: object) -> None:
    numbered: list[Row] = [{**each, "record_id": f"n{n}"} for n, each in enumerate(rows)]
    shuffled = list(numbered)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    query = "select * from assignments order by record_id"
    assert _resolve(numbered).execute(query).fetchall() == _resolve(shuffled).execute(query).fetchall()


@settings(max_examples=3, deadline=None)
@given(rows=st.lists(row, min_size=2, max_size=6))
def test_unrelated_records_leave_clusters_alone(rows: list[Row]) -> None:
    connection = _resolve(rows)
    model = train(connection, "normalised")
    before = _partition(connection)
    unrelated: list[Row] = [{**each, "record_id": f"z{n}"} for n, each in enumerate(STRANGERS[1:])]
    normalise(connection, records(connection, [*rows, *unrelated], "more"), "normalised")
    score(connection, "normalised", model, "pairs")
    cluster(connection, "pairs", "normalised", model, "assignments")
    assert before <= _partition(connection)


def test_metrics_by_hand() -> None:
    connection = duckdb.connect()
    connection.execute(
        "create table a as select * from (values ('1', 'x'), ('2', 'x'), ('3', 'x')) t(record_id, cluster_id)"
    )
    connection.execute(
        "create table t as select * from (values ('1', 'e'), ('2', 'e'), ('3', 'f')) t(record_id, entity_id)"
    )
    assert pair_metrics(connection, "a", "t") == Metrics(1 / 3, 1.0, 0.5)  # one of three pairs
    found = bcubed_metrics(connection, "a", "t")
    assert found.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert found.recall == 1.0


def test_evidence_and_words() -> None:
    connection = _resolve([ADA, {**ADA, "last_name": "Lovelce"}, *STRANGERS])
    model = train(connection, "normalised")
    found = evidence(connection, "normalised", "pairs", "assignments", model)
    assert found["cluster_sizes"] == {"1": 4, "2": 1}
    assert found["linked_pairs"] == 1
    agreement = connection.execute("select agreement from pairs where left_id = 'r000'").fetchall()[0][0]
    said = in_words(explain(model, agreement))
    assert "email is the same" in said
    assert "last name is nearly the same" in said
    assert set(_WORDS) >= {name for comparison in COMPARISONS for name in comparison.names} - {"missing"}
