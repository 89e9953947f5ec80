"""models.yaml: what a person decided about churn models, and mistakes in it."""

from datetime import date

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.model_choices import ModelChoice, choice_at, load_choices, save_choices

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
        ("[1]", "line 1: expected one key, `churn`"),
        ("clv: []", "line 1: expected one key, `churn`"),
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
