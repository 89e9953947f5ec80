"""Which fitted churn model makes the scores, where a person decided it: `models.yaml` beside crm.yaml.

    churn:
      - {from: 2018-01-01, candidate: logistic}
      - {from: 2018-02-01, version: 3f9c2a7b1d804e55}

The last entry that begins on or before a snapshot counts for it; without one, or with neither `candidate` nor
`version`, the champion of the snapshot's own fit is published. `crm-pipeline model` writes the file; it may be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.errors import UserError
from crm_pipeline.yaml_lines import closest, load_with_lines

FILE = "models.yaml"
MODEL = "churn"
KEYS = ("from", "candidate", "version")
HEADER = """# Which fitted churn model makes the scores (crm-pipeline model --help). The last entry that begins on or
# before a snapshot counts; one with neither candidate nor version goes back to the champion of each snapshot.
"""


@dataclass(frozen=True)
class ModelChoice:
    """From a snapshot date on: a candidate, a version (of an earlier fit), both, or neither (the champion)."""

    since: date
    candidate: str | None = None
    version: str | None = None

    @property
    def is_champion(self) -> bool:
        """Whether it leaves the choice to the evaluation."""
        return self.candidate is None and self.version is None

    @property
    def words(self) -> str:
        """What is published, for messages and as an input of the tables that it changes."""
        if self.is_champion:
            return "the champion of each snapshot"
        what = f"candidate {self.candidate}" if self.candidate else "the champion"
        return f"{what} of {f'version {self.version}' if self.version else 'each snapshot'}"


def load_choices(folder: Path) -> tuple[ModelChoice, ...]:
    """The entries of the project's file, none where there is no file; UserError with the line of a mistake."""
    path = folder / FILE
    if not path.is_file():
        return ()
    values, lines = load_with_lines(path)
    if values is None:
        return ()
    if not isinstance(values, dict) or set(values) != {MODEL} or not isinstance(values[MODEL] or [], list):
        raise UserError(f"{path}, line 1: expected one key, `{MODEL}`, with a list of entries such as {_example()}")
    entries = values[MODEL] or []
    return tuple(_choice(entry, f"{path}, line {lines.get((MODEL, str(n)), 1)}") for n, entry in enumerate(entries))


def _example() -> str:
    return "`- {from: 2018-01-01, candidate: logistic}`"


def _choice(entry: Any, where: str) -> ModelChoice:
    if not isinstance(entry, dict):
        raise UserError(f"{where}: expected an entry such as {_example()}")
    for key in entry:
        if key not in KEYS:
            raise UserError(f"{where}: unknown key {key!r}{closest(str(key), KEYS)}")
    since = entry.get("from")
    if isinstance(since, datetime) or not isinstance(since, date):
        raise UserError(f"{where}: `from` needs a date such as 2018-01-01, not {since!r}")
    candidate, version = (None if entry.get(key) is None else str(entry[key]) for key in KEYS[1:])
    return ModelChoice(since, candidate, version)


def choice_at(choices: Sequence[ModelChoice], snapshot_date: date) -> ModelChoice | None:
    """What a person decided for a snapshot; None where the champion is published."""
    begun = [choice for choice in choices if choice.since <= snapshot_date]
    return None if not begun or begun[-1].is_champion else begun[-1]


def save_choices(folder: Path, choices: Sequence[ModelChoice]) -> None:
    """Write the file anew, at once; without entries it goes away."""
    path = folder / FILE
    if not choices:
        path.unlink(missing_ok=True)
        return
    draft = path.with_suffix(".yaml.new")
    draft.write_text(
        HEADER + f"{MODEL}:\n" + "".join(f"  - {_entry(choice)}\n" for choice in choices), encoding="utf-8"
    )
    draft.replace(path)


def _entry(choice: ModelChoice) -> str:
    parts = [f"from: {choice.since}"]
    parts += [f"candidate: {choice.candidate}"] if choice.candidate else []
    parts += [f'version: "{choice.version}"'] if choice.version else []
    return "{" + ", ".join(parts) + "}"
