"""Who is who, through the whole load: decisions move exactly the rows concerned, and what is undone is as it was."""

from __future__ import annotations

from pathlib import Path

from crm_pipeline_tests.identity.chain import FILES, ask, content, customer_of, decide, load_people, people_shop

DAN = ("crm/c4", "web/w2")


def rebuilt(folder: Path, decisions: Path, files: dict[str, str]) -> dict[str, str]:
    """The contents of a clean warehouse from the same files and decisions."""
    project = people_shop(folder, files)
    (folder / decisions.name).write_bytes(decisions.read_bytes())
    return content(load_people(project))


def test_decisions_restate_the_rows_concerned_and_undo_restores_all(tmp_path: Path) -> None:
    project = people_shop(tmp_path / "shop")
    decide(project, "accept", "crm/c3", "web/w5")  # so that some keys forward from the start
    before = content(load_people(project))
    assert customer_of(project)["w5"] == "c3" and customer_of(project)["c4"] == "c4"
    number = decide(project, "accept", *DAN)
    merged = load_people(project)
    assert {name for name, found in merged.items() if found.built} >= {"order_lines", "email_events", "consents"}
    renewed = [name for name, found in merged.items() if found.built and name not in ("identity_ledger",)]
    assert [name for name in renewed if not merged[name].is_delta] == []
    decisions = project.folder / "identity_decisions.jsonl"
    assert rebuilt(tmp_path / "other", decisions, FILES) == content(merged)

    assert customer_of(project)["w2"] == "c4" and customer_of(project)["x9"] == "x9"
    lines = "select order_line_id, customer_id from cleaned.order_lines order by all"
    assert dict(ask(project, lines)) == {
        "l1": "c1", "l2": customer_of(project)["w1"], "l3": "c4", "l4": "c4", "l5": "x9", "l6": None, "l7": "c3",
    }  # fmt: skip
    told = "select event_type from cleaned.email_events where customer_id = 'c4' order by all"
    assert ask(project, told) == [("opened",), ("sent",)], "one letter, not two"
    refused = "select is_granted from cleaned.consents where customer_id = 'c4'"
    assert ask(project, refused) == [(False,)], "of an answer given and refused at one moment the refusal counts"
    ledger = "select kind, from_customer_id, to_customer_id, decided_by from quality.identity_ledger"
    assert ask(project, ledger) == [("merge", "w2", "c4", f"decision {number}")]
    golden = "select record_count, origins['full_name'] from identity.golden_customers where customer_id = 'c4'"
    assert ask(project, golden, "vault.duckdb") == [(2, "web/w2")], "the newest value, with the record it came from"

    decide(project, "undo", None, None, number)
    assert content(load_people(project)) == before
    assert [row[0] for row in ask(project, ledger)] == ["merge", "split"]


def test_new_records_join_without_renaming_anyone_and_never_pairs_part(tmp_path: Path) -> None:
    project = people_shop(tmp_path / "shop", always=[["crm/c1", "web/w1"]])
    load_people(project)
    before = customer_of(project)
    assert before["w1"] == "c1"
    people_shop(
        tmp_path / "shop", {"web1": "w7,Ada Byron,ada@ships.de,1990-02-03,2022-01-01\n"}
    )  # known before all others
    project = people_shop(tmp_path / "shop", {}, always=[["crm/c1", "web/w1"], ["web/w7", "web/w1"]])
    load_people(project)
    after = customer_of(project)
    assert after["w7"] == "c1" and {key: after[key] for key in before} == before
    assert ask(project, "select count(*) from quality.identity_ledger") == [(0,)], "to join is no merge"

    number = decide(project, "reject", "crm/c1", "web/w1")
    load_people(project)
    parted = customer_of(project)
    assert parted["c1"] == "c1" and parted["w1"] != "c1"
    decide(project, "undo", None, None, number)
    load_people(project)
    assert customer_of(project) == after


def test_off_or_without_personal_data_every_key_stands_for_itself(tmp_path: Path) -> None:
    project = people_shop(tmp_path, off=True)
    outcomes = load_people(project)
    assert outcomes["identity_assignments"].rows == {None: 0} == outcomes["golden_customers"].rows
    assert all(key == customer for key, customer in customer_of(project).items())
    assert set(ask(project, "select match_reason from cleaned.customer_identity")) == {("own_key",)}
