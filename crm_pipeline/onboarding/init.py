"""`crm-pipeline init`: from files to a folder with a proposed crm.yaml."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import available_timezones

from crm_pipeline.counting import counted
from crm_pipeline.errors import UserError
from crm_pipeline.onboarding.files import FileGroup, expand, look_at_files
from crm_pipeline.onboarding.history import history_of
from crm_pipeline.onboarding.names import plain, spoken
from crm_pipeline.onboarding.proposal import Proposal, ProposedSource
from crm_pipeline.onboarding.propose import guess_entities, propose_sources
from crm_pipeline.onboarding.render import render
from crm_pipeline.onboarding.timeline import propose_timeline
from crm_pipeline.onboarding.typed import typed_project
from crm_pipeline.project import Project, load_project
from crm_pipeline.yaml_lines import closest

INPUT = "input"
NO_CURRENCY = "XXX"
"""ISO 4217 for `no currency`."""
LANGUAGES = ("en", "de", "zh")
HISTORY_SECONDS = 60.0
"""Pauses between orders decide the horizon, so it is worth to read large files for them."""


@dataclass(frozen=True)
class Initialized:
    """What `init` wrote: the file, the proposal, and the project, or why it does not load yet."""

    path: Path
    proposal: Proposal
    project: Project | None
    problem: str


def initialize(
    folder: Path,
    given: Sequence[str],
    now: datetime,
    *,
    currency: str | None = None,
    time_zone: str | None = None,
    copy: bool = False,
    force: bool = False,
) -> Initialized:
    """Look at the files and write ``<folder>/crm.yaml``.

    Args:
        folder: the project's folder, made where it does not exist.
        given: files, patterns and folders.
        now: the present (aware); tells whether the data reach to it.
        currency: three capital letters; otherwise found from signs and columns.
        time_zone: of the project; otherwise UTC, with a note.
        copy: copy the files below the folder; otherwise they stay where they are.
        force: replace an existing crm.yaml.

    Raises:
        UserError: no files, a crm.yaml is there already, or nothing can be read.
    """
    path = folder / "crm.yaml"
    if path.exists() and not force:
        raise UserError(f"{path}: is there already; edit it, choose another folder, or replace it with --force")
    if currency is not None and not re.fullmatch(r"[A-Z]{3}", currency):
        raise UserError(f"--currency {currency}: expected three capital letters such as EUR")
    if time_zone is not None and time_zone not in available_timezones():
        raise UserError(f"--time-zone {time_zone}: there is no such zone{closest(time_zone, available_timezones())}")
    files = expand(given or [str(folder)])
    groups, unread = look_at_files(files)
    if not groups:
        raise UserError("none of the files can be read:\n" + "\n".join(unread))
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    if copy:
        groups = [_copied(group, folder / INPUT) for group in groups]
    fitting, unknown = guess_entities(groups)
    proposal = Proposal(
        _project_name(folder),
        _settings(groups, currency, time_zone),
        propose_sources(fitting, folder),
        unread,
        [(group.label, list(group.sample.facts.names)) for group in unknown],
    )
    path = folder / "crm.yaml"
    _write(path, proposal)
    _choose_dates(path, proposal, now)
    try:
        return Initialized(path, proposal, load_project(folder), "")
    except UserError as error:
        return Initialized(path, proposal, None, str(error))


def _write(path: Path, proposal: Proposal) -> None:
    try:
        path.write_text(render(proposal), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose another folder") from None


def _copied(group: FileGroup, target: Path) -> FileGroup:
    """The same group, its files copied; a file of that name with other content is never overwritten."""
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for source in group.paths:
        copied = target / source.name
        if copied.resolve() != source and copied.exists() and copied.read_bytes() != source.read_bytes():
            raise UserError(f"{copied}: a file of this name with other content is there already; rename one of them")
        if not copied.exists():
            shutil.copyfile(source, copied)
        paths.append(copied)
    return replace(group, paths=tuple(paths))


def _project_name(folder: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", plain(folder.name)).strip("_")
    return name if name and name[0].isalpha() else f"shop_{name}".strip("_")


def _settings(
    groups: Sequence[FileGroup], currency: str | None, time_zone: str | None
) -> dict[str, tuple[object, str]]:
    found, why = (currency, "") if currency else _currency(groups)
    names = [look.name for group in groups for look in group.looks] + [group.stem for group in groups]
    votes = spoken(names)
    best = max(sorted(votes), key=lambda language: votes[language], default="en")
    zone_note = "" if time_zone else "the zone of your shop, such as Europe/Berlin: hours and days depend on it"
    return {
        "currency": (found, why),
        "time_zone": (time_zone or "UTC", zone_note),
        "language": (best if best in LANGUAGES else "en", ""),
    }


def _currency(groups: Sequence[FileGroup]) -> tuple[str, str]:
    """The currency that signs, a column of codes or names of columns state."""
    signs = Counter(
        look.numbers.currency for group in groups for look in group.looks if look.numbers and look.numbers.currency
    )
    if signs:
        return signs.most_common(1)[0][0], ""
    codes: Counter[str] = Counter()
    for group in groups:
        for look in group.looks:
            if look.says("currency") and look.kind == "text":
                values = group.sample.rows.column(look.name).to_pylist()
                codes.update(value.strip() for value in values if value and re.fullmatch(r"\s*[A-Z]{3}\s*", value))
            codes.update(
                code for code in ("EUR", "USD", "GBP", "PLN", "CHF", "BRL", "CNY") if code.lower() in _tail(look.name)
            )
    if codes:
        return codes.most_common(1)[0][0], ""
    return NO_CURRENCY, "no sign or column says it: three letters such as EUR (nothing is converted)"


def _tail(name: str) -> list[str]:
    return re.split(r"[^a-z]+", plain(name))


def _choose_dates(path: Path, proposal: Proposal, now: datetime) -> None:
    """Snapshots and horizons from the orders as the mapping types them; placeholders where it does not load yet."""
    today = now.date()
    proposal.settings["snapshots"] = ({"every": "month", "first": today.replace(day=1)}, "no orders could be read")
    _write(path, proposal)
    try:
        project = load_project(path.parent)
    except UserError:
        return
    with typed_project(project, now) as typed:
        history = history_of(typed, HISTORY_SECONDS)
    found = propose_timeline(history, project.today(now))
    if found.data_through is not None:
        note = "the newest order; later snapshots wait for newer files"
        proposal.settings["data_through"] = (found.data_through, note)
    proposal.settings["snapshots"] = (found.snapshots, found.why_snapshots)
    proposal.settings["churn"] = ({"horizon_days": found.horizon_days}, found.why_horizon)
    proposal.settings["clv"] = ({"horizon_days": found.clv_days}, "")
    proposal.settings["recommendations"] = ({"horizon_days": found.horizon_days}, "")
    _write(path, proposal)


def described(source: ProposedSource) -> str:
    """One line on a source for the terminal."""
    joined = f", joined to {source.join}" if source.join else ""
    looked_at = f"{counted(len(source.columns), 'column')}, {counted(source.rows, 'row')} looked at"
    return f"{source.label} -> {source.entity} ({looked_at}{joined})"
