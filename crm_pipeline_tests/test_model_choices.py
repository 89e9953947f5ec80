"""models.yaml: what a person decided about churn models, and mistakes in it."""

from datetime import date

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.model_choices import (
    ModelChoice,
    TunedSettings,
    choice_at,
    load_choices,
    load_tuned,
    save_choices,
    save_tuned,
    tuned_at,
)

JULY, AUGUST = date(2024, 7, 1), date(2024, 8, 1)
CHOICES = (ModelChoice(JULY, candidate="logistic"), ModelChoice(AUGUST, version="00aa"))


def test_what_is_written_is_read_again(tmp_path):
    both = (*CHOICES, ModelChoice(AUGUST, candidate="btyd", version="12345678"), ModelChoice(AUGUST))
    save_choices(tmp_path, both)
    assert load_choices(tmp_path) == both
    save_choices(tmp_path, ())
    assert load_choices(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_the_last_entry_that_has_begun_counts():
    assert choice_at(CHOICES, date(2024, 6, 1)) is None
    assert choice_at(CHOICES, JULY) == CHOICES[0]
    assert choice_at(CHOICES, date(2025, 1, 1)) == CHOICES[1]
    assert choice_at((*CHOICES, ModelChoice(AUGUST)), AUGUST) is None


def test_words():
    words = [choice.words for choice in (*CHOICES, ModelChoice(JULY), ModelChoice(JULY, "btyd", "00aa"))]
    assert words == [
        "candidate logistic of each snapshot",
        "the champion of version 00aa",
        "the champion of each snapshot",
        "candidate btyd of version 00aa",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "line 1: expected the keys `churn` and `churn_settings`"),
        ("clv: []", "line 1: expected the keys `churn` and `churn_settings`"),
        ("churn:\n  - 1", "expected an entry such as"),
        ("churn:\n  - {from: 2024-07-01, candidat: btyd}", "line 2: unknown key 'candidat'; did you mean 'candidate'"),
        ("churn:\n  - {candidate: btyd}", "line 2: `from` needs a date such as 2018-01-01, not None"),
        ("churn:\n  - {from: soon}", "not 'soon'"),
        ("churn: {", "not valid YAML"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, text, message):
    (tmp_path / "models.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        load_choices(tmp_path)


def test_an_empty_file_decides_nothing(tmp_path):
    for text in ("", "churn:", "# nothing yet"):
        (tmp_path / "models.yaml").write_text(text)
        assert load_choices(tmp_path) == ()


TUNED = (
    TunedSettings(JULY, {"boosting": {"learning_rate": 0.03125, "num_leaves": 6}, "svm": {"cost": 0.00002}}),
    TunedSettings(AUGUST, {}),
)


def test_settings_stand_beside_decisions_and_neither_loses_the_other(tmp_path):
    save_choices(tmp_path, CHOICES)
    save_tuned(tmp_path, TUNED)
    assert (load_choices(tmp_path), load_tuned(tmp_path)) == (CHOICES, TUNED)
    save_choices(tmp_path, CHOICES[:1])
    assert (load_choices(tmp_path), load_tuned(tmp_path)) == (CHOICES[:1], TUNED)
    save_choices(tmp_path, ())
    assert (load_choices(tmp_path), load_tuned(tmp_path)) == ((), TUNED)
    save_tuned(tmp_path, ())
    assert list(tmp_path.iterdir()) == []


def test_settings_hold_for_fits_from_their_snapshot_on():
    assert tuned_at(TUNED, date(2024, 6, 1)) is None
    assert tuned_at(TUNED, date(2024, 7, 31)) == TUNED[0]
    assert tuned_at(TUNED, AUGUST) is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("1", "expected an entry such as"),
        ("{svm: {cost: 0.1}}", "`from` needs a date"),
        ("{from: 2024-07-01, svn: {cost: 0.1}}", "unknown model 'svn'; did you mean 'svm'"),
        ("{from: 2024-07-01, svm: 0.1}", "expected settings of svm such as"),
        ("{from: 2024-07-01, svm: {costs: 0.1}}", "svm has no setting 'costs'; did you mean 'cost'"),
        ("{from: 2024-07-01, svm: {cost: 5}}", "svm.cost needs a number from 1e-05 to 1, not 5"),
        ("{from: 2024-07-01, tree: {num_leaves: 4.5}}", "tree.num_leaves needs a whole number from 4 to 32, not 4.5"),
    ],
)
def test_mistakes_in_settings_are_told_with_their_line(tmp_path, entry, message):
    (tmp_path / "models.yaml").write_text(f"churn_settings:\n  - {entry}\n")
    with pytest.raises(UserError, match=r"models\.yaml, line 2: ") as error:
        load_tuned(tmp_path)
    assert message in str(error.value)
