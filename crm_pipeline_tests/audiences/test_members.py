"""Who is in an audience: by segment, predicate and query; with consent; treated or held out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crm_pipeline.audiences import consent
from crm_pipeline.audiences.export import audiences_due, export_audience, members_of
from crm_pipeline.audiences.members import CONTROL, Members
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline, all_tables
from crm_pipeline.plan import PlannedPart
from crm_pipeline.project import Project
from crm_pipeline_tests.audiences.published import FEBRUARY, JANUARY, audience_project, many, publish
from crm_pipeline_tests.kit import Rows, fill_table


def members(project: Project, name: str = "them", snapshot: date = FEBRUARY) -> Members:
    return members_of(Pipeline(project), name, snapshot)


def ids(project: Project, name: str = "them", snapshot: date = FEBRUARY) -> list[str]:
    return list(members(project, name, snapshot).rows["customer_id"].to_pylist())


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ({"segment": "at risk"}, ["ada", "bob"]),
        ({"segment": "seldom"}, ["eve"]),
        ({"segment": "big"}, ["ada", "eve"]),
        ({"where": "spend_amount_90d < 100"}, ["bob"]),
        ({"where": "rfm_segment = 'at risk' and spend_amount_90d > 100"}, ["ada"]),
        ({"query": "select customer_id, 1 as n from customer_rfm where snapshot_date = $snapshot_date"}, []),
        (
            {"query": "select distinct customer_id from segments.customer_segments where cluster_id = 1;"},
            ["ada", "bob"],
        ),
    ],
)
def test_who_is_chosen(tmp_path: Path, audience: dict[str, Any], expected: list[str]) -> None:
    project = audience_project(tmp_path, them=audience)
    publish(
        project,
        custom_segments="snapshot_date, segment, customer_id\n2024-02-01, big, ada\n2024-02-01, big, eve",
        custom_segment_sizes="snapshot_date, segment\n2024-02-01, big",
    )
    assert ids(project) == expected


def test_a_snapshot_shows_its_own_customers_and_values(tmp_path: Path) -> None:
    project = audience_project(tmp_path, them={"segment": "champions", "columns": ["spend_amount_90d", "rfm_segment"]})
    assert ids(project, snapshot=JANUARY) == ["ada"]
    treated = members(project).treated
    assert treated.column_names == ["audience", "snapshot_date", "customer_id", "spend_amount_90d", "rfm_segment"]
    (row,) = treated.to_pylist()
    assert (row["audience"], row["snapshot_date"], row["customer_id"], row["rfm_segment"]) == (
        "them",
        FEBRUARY,
        "eve",
        "champions",
    )
    assert float(row["spend_amount_90d"]) == 900


CONSENTS = """customer_id, purpose, decided_at,       is_granted
              ada,         email,   2023-05-01,       true
              bob,         email,   2023-05-01,       true
              bob,         email,   2024-03-01,       false  -- after the snapshot: counts all the same
              eve,         letters, 2023-05-01,       true"""


@pytest.mark.parametrize(
    ("consent", "expected"),
    [("granted", ["ada"]), ("not_refused", ["ada", "eve"])],  # eve was never asked
)
def test_the_newest_decision_on_the_purpose_counts(tmp_path: Path, consent: str, expected: list[str]) -> None:
    project = audience_project(tmp_path, them={"where": "true", "consent_purpose": "email", "consent": consent})
    publish(project, consents=CONSENTS)
    assert ids(project) == expected
    assert members(project).chosen == 3


def test_at_the_same_moment_the_refusal_counts(tmp_path: Path) -> None:
    project = audience_project(tmp_path, them={"where": "true", "consent_purpose": "email"})
    publish(
        project,
        consents="""customer_id, purpose, decided_at, is_granted, known_at
                    ada,         email,   2023-05-01, false,      2023-05-01
                    ada,         email,   2023-05-01, true,       2023-06-01   -- known later, and decided no later
                    bob,         email,   2023-05-01, true,       2023-05-01""",
    )
    assert ids(project) == ["bob"]


def load(project: Project, monkeypatch: pytest.MonkeyPatch, late: list[PlannedPart], **tables: Rows) -> None:
    """A live file with tables that readers do not see yet."""
    warehouse = Pipeline(project).warehouse
    with duckdb.connect(str(warehouse.live)) as connection:
        for name in ("consents", "customer_identity"):
            table = all_tables()[name]
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f"create schema if not exists cleaned; create table {table.qualified_name} ({columns})")
            fill_table(connection, table, tables[name])

    def plan(pipeline: Pipeline, names: Collection[str], dates: Sequence[date]) -> list[PlannedPart]:
        assert {"staged_consents", "consents", "customer_identity"} <= set(names) and "source_files" not in names
        return late

    monkeypatch.setattr(consent, "make_plan", plan)


def test_a_withdrawal_that_readers_do_not_see_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = audience_project(tmp_path, them={"where": "true", "consent_purpose": "email"})
    agreed = "customer_id, purpose, decided_at, is_granted\n" + "".join(
        f"{name}, email, 2023-05-01, true\n" for name in ("ada", "bob", "eve")
    )
    identity = "source, source_customer_id, customer_id\nshop, 1, ada\nshop, 2, bob\nshop, 3, eve"
    publish(project, consents=agreed, customer_identity=identity)
    assert ids(project) == ["ada", "bob", "eve"]
    withdrawn = agreed + "ada, email, 2024-03-01, false\nann, email, 2024-03-01, false"
    merged = identity.replace("2, bob", "2, ann")  # bob is the same person as ann, as is known by now
    load(project, monkeypatch, [], consents=withdrawn, customer_identity=merged)
    assert ids(project) == ["eve"]


def test_consents_that_are_loaded_and_not_built_keep_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = audience_project(tmp_path, them={"where": "true", "consent_purpose": "email"}, all={"where": "true"})
    publish(project, consents=CONSENTS)
    late = PlannedPart(all_tables()["consents"], None, "changed input: staged_consents")
    load(project, monkeypatch, [late], consents=CONSENTS, customer_identity="source, source_customer_id, customer_id")
    with pytest.raises(UserError, match=r"audiences\.them: nobody is handed over.*changed input: staged_consents"):
        members(project)
    assert len(ids(project, "all")) == 3, "an audience that asks for no consent"


def test_a_purpose_that_nobody_was_asked_for_is_an_error(tmp_path: Path) -> None:
    project = audience_project(tmp_path, them={"where": "true", "consent_purpose": "emial"})
    with pytest.raises(UserError, match="`consents` is empty"):
        members(project)
    publish(project, consents=CONSENTS)
    with pytest.raises(UserError, match="did you mean 'email'"):
        members(project)


def held_out(project: Project, name: str) -> set[str]:
    rows = members(project, name).rows.to_pylist()
    return {row["customer_id"] for row in rows if row["audience_group"] == CONTROL}


def test_a_customer_stays_on_one_side_of_a_salt(tmp_path: Path) -> None:
    base = {"segment": "at risk", "salt": "spring"}
    project = audience_project(
        tmp_path,
        small={**base, "control_share": 0.1},
        large={**base, "control_share": 0.3},
        other={"segment": "at risk", "control_share": 0.1},
        none=base,
    )
    publish(project, **many(2000))
    small, large, other = (held_out(project, name) for name in ("small", "large", "other"))
    assert held_out(project, "none") == set()
    assert 150 < len(small) < 250 and 520 < len(large) < 680, "about the shares asked for"
    assert small < large, "a larger share only adds to the control group"
    assert 5 < len(small & other) < 50, "another salt draws anew: about a hundredth is in both"
    digests = {key: md5(f"spring\x1f{key}".encode()).hexdigest() for key in (f"c{n:05d}" for n in range(2000))}
    assert small == {key for key, digest in digests.items() if digest < "1999999a"}, "for all versions of everything"
    publish(project, **many(500))
    assert held_out(project, "small") == {key for key in small if key < "c00500"}, "whoever else is in the audience"


@pytest.mark.parametrize(
    ("audience", "says"),
    [
        ({"segment": "at rsk"}, "did you mean 'at risk'"),
        ({"query": "select customer_id from customer_segments"}, "1 customer more than once"),
        ({"query": "select customer_id, rfm_segment::integer as n from customer_segments"}, "cannot be converted"),
        ({"where": "rfm_segment::integer > 0"}, "cannot be converted"),
    ],
)
def test_what_the_data_refuse_is_said_without_values(tmp_path: Path, audience: dict[str, Any], says: str) -> None:
    project = audience_project(tmp_path, them=audience)
    with pytest.raises(UserError, match=says) as error:
        members(project)
    assert "champions" not in str(error.value) and str(error.value).startswith("audiences.them")


def test_a_query_sees_who_was_addressed_for_earlier_snapshots(tmp_path: Path) -> None:
    """Ada was handed over in January; what is handed over in February does not change who is in it then."""
    rested = """select customer_id from customer_segments where snapshot_date = $snapshot_date and customer_id not in (
        select customer_id from audience_members
        where audience_group = 'treated' and exported_at >= $snapshot_date - interval 40 day)"""
    project = audience_project(tmp_path, first={"segment": "champions"}, rested={"query": rested})
    pipeline, told = Pipeline(project), datetime(2024, 1, 2, tzinfo=UTC)
    assert ids(project, "rested") == ["ada", "bob", "eve"], "nothing was handed over yet"
    assert export_audience(pipeline, "first", JANUARY, "run", told).treated == 1
    assert ids(project, "rested") == ["bob", "eve"]
    assert ids(project, "rested", JANUARY) == ["ada"], "in January nobody had been"
    for name in ("first", "rested"):
        export_audience(pipeline, name, FEBRUARY, "run", told.replace(month=2))
    assert ids(project, "rested") == ["bob", "eve"]
    assert audiences_due(pipeline) == []


def test_an_id_that_was_forwarded_since_is_still_who_was_addressed(tmp_path: Path) -> None:
    addressed = "select distinct customer_id from audience_members"
    project = audience_project(tmp_path, first={"segment": "champions"}, them={"query": addressed})
    export_audience(Pipeline(project), "first", JANUARY, "run", datetime(2024, 1, 2, tzinfo=UTC))
    publish(project, customer_forwarding="source_customer_id, customer_id\nada, eve")
    assert ids(project) == ["eve"]


def test_a_query_sees_the_newest_consent_per_purpose(tmp_path: Path) -> None:
    by_channel = """select customer_id, max(purpose) as channel from customer_consents
        where is_granted group by customer_id"""
    project = audience_project(tmp_path, them={"query": by_channel})
    publish(
        project,
        consents="""customer_id, purpose, decided_at, is_granted
                    ada,         email,   2024-01-01, true
                    ada,         email,   2024-01-09, false
                    ada,         post,    2024-01-01, true
                    bob,         email,   2024-01-01, true
                    eve,         email,   2024-01-01, false""",
    )
    rows = members(project).rows.select(["customer_id", "channel"]).to_pylist()
    assert rows == [{"customer_id": "ada", "channel": "post"}, {"customer_id": "bob", "channel": "email"}]
