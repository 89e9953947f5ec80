"""`alerts` in crm.yaml: each mistake with its line, and no secret repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline_tests.test_project import GOOD, load

MAIL = "kind: smtp, host: mail.example, sender: crm@shop.example, to: [ops@shop.example]"


@pytest.mark.parametrize(
    ("receiver", "says"),
    [
        ("{kind: pager}", "kind: expected one of 'log', 'webhook', 'smtp', found 'pager'"),
        ("{path: x}", "kind is missing"),
        ("{kind: log, pth: x}", "unknown key; did you mean 'path'?"),
        ("{kind: webhook}", "url: is missing"),
        ("{kind: webhook, url: 'https://x.example/?token=s3cret-word'}", "looks like a secret"),
        ("{kind: webhook, url: 'https://x.example', bearer: s3cret-word}", "name an environment variable"),
        ("{kind: webhook, url: '${URL}', on: [everything]}", "'failed_run', 'failed_check', 'drift' or 'stale'"),
        (f"{{{MAIL}, user: crm}}", "go together"),
        (f"{{{MAIL}, user: crm, password: s3cret-word}}", "name an environment variable"),
        (f"{{{MAIL}, user: crm, password: '${{P}}', encryption: none}}", "not sent without encryption"),
        ("{kind: smtp, host: mail.example, sender: s3cret-word, to: [a@b.c]}", "sender"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, receiver: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, GOOD + f"alerts:\n  ops: {receiver}\n")
    text = str(error.value)
    assert says in text and "crm.yaml, line 19: alerts.ops" in text and "s3cret-word" not in text, text


def test_who_is_told_of_what(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD + "alerts: {a: {kind: log}, b: {kind: log, on: [drift], severity: warning}}\n")
    a, b = project.alerts["a"], project.alerts["b"]
    assert a.wants("stale", "error") and not a.wants("failed_check", "warning") and a.wants("failed_run", "critical")
    assert b.wants("drift", "warning") and not b.wants("stale", "critical")
