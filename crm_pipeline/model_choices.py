"""Which fitted churn model makes the scores, where a person decided it: `models.yaml` beside crm.yaml.

    churn:
      - {from: 2018-01-01, candidate: logistic}
      - {from: 2018-02-01, version: 3f9c2a7b1d804e55}

The last entry that begins on or before a snapshot counts for it; without one, or with neither `candidate` nor
`version`, the champion of the snapshot's own fit is published. `crm-pipeline model` writes the file; it may be edited.
Settings that a search found (`crm-pipeline model tune`) stand beside them, and hold for fits from a snapshot on:

    churn_settings:
      - {from: 2018-01-01, boosting: {learning_rate: 0.04, num_leaves: 6}, svm: {cost: 0.002}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.errors import UserError
from crm_pipeline.models.tuning_space import SPACES, Tuned
from crm_pipeline.yaml_lines import closest, load_with_lines

FILE = "models.yaml"
MODEL, TUNED = "churn", "churn_settings"
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


@dataclass(frozen=True)
class TunedSettings:
    """From a snapshot date on, settings by model for the fits (see `models.tuning_space`)."""

    since: date
    models: Tuned

    @property
    def words(self) -> str:
        """The settings as text, an input of the tables that they change."""
        return json.dumps({name: dict(values) for name, values in self.models.items()}, sort_keys=True)


def load_choices(folder: Path) -> tuple[ModelChoice, ...]:
    """The decisions in the project's file, none where there is no file; UserError with the line of a mistake."""
    return tuple(_choice(entry, where) for entry, where in _entries(folder, MODEL))


def load_tuned(folder: Path) -> tuple[TunedSettings, ...]:
    """The settings in the project's file, none where there is no file; UserError with the line of a mistake."""
    return tuple(_tuned(entry, where) for entry, where in _entries(folder, TUNED))


def _entries(folder: Path, section: str) -> list[tuple[Any, str]]:
    """The entries of one section of the file, each with where it stands."""
    path = folder / FILE
    if not path.is_file():
        return []
    values, lines = load_with_lines(path)
    if values is None:
        return []
    if (
        not isinstance(values, dict)
        or not values.keys() <= {MODEL, TUNED}
        or not all(isinstance(entries or [], list) for entries in values.values())
    ):
        raise UserError(
            f"{path}, line 1: expected the keys `{MODEL}` and `{TUNED}`, with a list of entries such as {_example()}"
        )
    return [
        (entry, f"{path}, line {lines.get((section, str(n)), 1)}") for n, entry in enumerate(values.get(section) or [])
    ]


def _example() -> str:
    return "`- {from: 2018-01-01, candidate: logistic}`"


def _choice(entry: Any, where: str) -> ModelChoice:
    if not isinstance(entry, dict):
        raise UserError(f"{where}: expected an entry such as {_example()}")
    for key in entry:
        if key not in KEYS:
            raise UserError(f"{where}: unknown key {key!r}{closest(str(key), KEYS)}")
    candidate, version = (None if entry.get(key) is None else str(entry[key]) for key in KEYS[1:])
    return ModelChoice(_since(entry, where), candidate, version)


def _since(entry: Mapping[str, Any], where: str) -> date:
    since = entry.get("from")
    if isinstance(since, datetime) or not isinstance(since, date):
        raise UserError(f"{where}: `from` needs a date such as 2018-01-01, not {since!r}")
    return since


def _tuned(entry: Any, where: str) -> TunedSettings:
    if not isinstance(entry, dict):
        raise UserError(f"{where}: expected an entry such as `- {{from: 2018-01-01, svm: {{cost: 0.002}}}}`")
    models = {name: values for name, values in entry.items() if name != "from"}
    for name, values in models.items():
        if name not in SPACES:
            raise UserError(f"{where}: unknown model {name!r}{closest(str(name), SPACES)}")
        if not isinstance(values, dict):
            raise UserError(f"{where}: expected settings of {name} such as {{{next(iter(SPACES[name]))}: ...}}")
        for key, value in values.items():
            space = SPACES[name].get(key)
            if space is None:
                raise UserError(f"{where}: {name} has no setting {key!r}{closest(str(key), SPACES[name])}")
            if not space.holds(value):
                kind = "a whole number" if space.is_whole else "a number"
                raise UserError(
                    f"{where}: {name}.{key} needs {kind} from {space.low:g} to {space.high:g}, not {value!r}"
                )
    return TunedSettings(_since(entry, where), models)


def choice_at(choices: Sequence[ModelChoice], snapshot_date: date) -> ModelChoice | None:
    """What a person decided for a snapshot; None where the champion is published."""
    begun = [choice for choice in choices if choice.since <= snapshot_date]
    return None if not begun or begun[-1].is_champion else begun[-1]


def tuned_at(settings: Sequence[TunedSettings], snapshot_date: date) -> TunedSettings | None:
    """The settings for the fit of a snapshot; None where the defaults hold. Those found later know its outcomes."""
    begun = [entry for entry in settings if entry.since <= snapshot_date]
    return begun[-1] if begun and begun[-1].models else None


def save_choices(folder: Path, choices: Sequence[ModelChoice]) -> None:
    """Write the file anew with these decisions, at once; without entries it goes away."""
    _save(folder, choices, load_tuned(folder))


def save_tuned(folder: Path, settings: Sequence[TunedSettings]) -> None:
    """Write the file anew with these settings, at once; without entries it goes away."""
    _save(folder, load_choices(folder), settings)


def _save(folder: Path, choices: Sequence[ModelChoice], settings: Sequence[TunedSettings]) -> None:
    path = folder / FILE
    sections = ((MODEL, [_entry(choice) for choice in choices]), (TUNED, [_tuned_entry(item) for item in settings]))
    if not (choices or settings):
        path.unlink(missing_ok=True)
        return
    draft = path.with_suffix(".yaml.new")
    text = "".join(
        f"{name}:\n" + "".join(f"  - {entry}\n" for entry in entries) for name, entries in sections if entries
    )
    draft.write_text(HEADER + text, encoding="utf-8")
    draft.replace(path)


def _entry(choice: ModelChoice) -> str:
    parts = [f"from: {choice.since}"]
    parts += [f"candidate: {choice.candidate}"] if choice.candidate else []
    parts += [f'version: "{choice.version}"'] if choice.version else []
    return "{" + ", ".join(parts) + "}"


def _tuned_entry(item: TunedSettings) -> str:
    parts = [f"from: {item.since}"]
    for name, values in item.models.items():
        parts.append(f"{name}: {{{', '.join(f'{key}: {_plain(value)}' for key, value in values.items())}}}")
    return "{" + ", ".join(parts) + "}"


def _plain(value: float) -> str:
    """A number that YAML reads as the same number: with a point, unless it is whole."""
    return str(value) if isinstance(value, int) else f"{value:.10f}".rstrip("0").ljust(3, "0")
