"""One export: find the members, hand over the treated, remember everyone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from crm_pipeline.audiences.files import write_table
from crm_pipeline.audiences.history import Export, content_hash, exports_of, new_export, remember
from crm_pipeline.audiences.members import Members, find_members, published_snapshots, reader
from crm_pipeline.audiences.tables import table_name, write_to_database
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import due_snapshots
from crm_pipeline.yaml_lines import closest

LOCK_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Exported:
    """What an export did; ``is_new`` is false where the same was handed over before."""

    members: Members
    target: str
    treated: int
    control: int
    is_new: bool


def audiences_folder(pipeline: Pipeline) -> Path:
    """Where exports and their history are, unless `path` says otherwise for the exports."""
    return pipeline.project.warehouse_folder / "audiences"


def known_audience(pipeline: Pipeline, name: str) -> None:
    """UserError for a name that crm.yaml does not have."""
    audiences = pipeline.project.audiences
    where = pipeline.project.folder / "crm.yaml"
    if not audiences:
        raise UserError(f"{where} names no audiences; docs/audiences.md shows how")
    if name not in audiences:
        raise UserError(f"{where}: there is no audience {name!r}{closest(name, audiences)}")


def snapshot_to_export(pipeline: Pipeline, snapshot: date | None) -> date:
    """The snapshot asked for, else the newest that readers see; UserError when readers do not see it."""
    with reader(pipeline.warehouse) as connection:
        known = published_snapshots(connection)
    if not known:
        raise UserError("the copy for readers holds no snapshot yet; start with: crm-pipeline run")
    if snapshot is not None and snapshot not in known:
        is_due = snapshot in due_snapshots(pipeline)
        nearest = min(known, key=lambda day: abs(day - snapshot))
        raise UserError(
            f"snapshot {snapshot} is not in the copy for readers, which reaches from {known[0]} to {known[-1]}; "
            + (f"build it with: crm-pipeline run --snapshot {snapshot}" if is_due else f"the nearest is {nearest}")
        )
    return snapshot or known[-1]


def newest_snapshot(pipeline: Pipeline) -> date | None:
    """The newest snapshot that readers see; None before the first."""
    if not pipeline.warehouse.published.exists():
        return None
    with reader(pipeline.warehouse) as connection:
        return max(published_snapshots(connection), default=None)


def members_of(pipeline: Pipeline, name: str, snapshot: date) -> Members:
    """Who is in an audience at a snapshot that readers see."""
    with reader(pipeline.warehouse) as connection:
        return find_members(connection, pipeline, name, snapshot)


def export_audience(
    pipeline: Pipeline, name: str, snapshot: date, run_id: str, now: datetime, output: Path | None = None
) -> Exported:
    """Export one audience, complete or not at all, and append to its history.

    The history is written last. A process that dies before it is asked again by the next export; the same members
    handed over again are not written into the history twice.
    """
    settings = pipeline.project.audiences[name]
    folder = audiences_folder(pipeline)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "export.lock").acquire(timeout=LOCK_WAIT_SECONDS):
            members = members_of(pipeline, name, snapshot)
            if output is not None and settings.format == "table":
                raise UserError(f"audiences.{name} goes to a table of a database; --output is for files")
            content = content_hash(members, settings)
            target = _hand_over(pipeline, members, output)
            export = new_export(folder, members, run_id, target, content, now)
            last = last_at(folder, name, target)
            is_new = last is None or (last.snapshot_date, last.content_hash) != (snapshot, content)
            if is_new:
                remember(folder, export, members)
            return Exported(members, target, export.treated, export.control, is_new)
    except Timeout:
        raise CrmError(f"audiences.{name}: another export is at work; run this one again when it has ended") from None


def _hand_over(pipeline: Pipeline, members: Members, output: Path | None) -> str:
    """Write the treated customers; returns where they are, without secrets."""
    settings = pipeline.project.audiences[members.name]
    if settings.format == "table":
        write_to_database(members.treated, settings, members.name)
        return target_of(pipeline, members)
    path = target_path(pipeline, members.name, members.snapshot_date) if output is None else output.absolute()
    write_table(members.treated, path, settings.format)
    return str(path)


def target_of(pipeline: Pipeline, members: Members) -> str:
    """What the history says of where an audience goes by itself, without secrets."""
    settings = pipeline.project.audiences[members.name]
    if settings.format == "table":
        return f"table {table_name(settings, members.name)}"
    return str(target_path(pipeline, members.name, members.snapshot_date))


def last_at(folder: Path, name: str, target: str) -> Export | None:
    """The last export of an audience to one place: what is there now, whatever went to other places since."""
    return next((export for export in reversed(exports_of(folder, name)) if export.target == target), None)


def target_path(pipeline: Pipeline, name: str, snapshot: date) -> Path:
    """The file of an export: `path` of the audience, or below `warehouse/audiences`."""
    filled = pipeline.project.audiences[name].filled_path(name, snapshot.isoformat())
    return pipeline.project.folder / Path(filled).expanduser()


def is_exported(pipeline: Pipeline, members: Members) -> bool:
    """Whether just these members were handed over last to where they go, and are still there."""
    last = last_at(audiences_folder(pipeline), members.name, target_of(pipeline, members))
    settings = pipeline.project.audiences[members.name]
    if last is None or last.snapshot_date != members.snapshot_date:
        return False
    is_there = settings.format == "table" or target_path(pipeline, members.name, members.snapshot_date).exists()
    return is_there and last.content_hash == content_hash(members, settings)


@dataclass(frozen=True)
class _Scheduled:
    """The audiences that are exported by themselves: which changed, and what keeps some from being told."""

    snapshot: date | None
    due: list[str]
    failures: list[CrmError]


def _scheduled(pipeline: Pipeline) -> _Scheduled:
    names = [name for name, settings in sorted(pipeline.project.audiences.items()) if settings.on_schedule]
    found = _Scheduled(newest_snapshot(pipeline) if names else None, [], [])
    if found.snapshot is None:
        return found
    for name in names:
        with _one_of_many(name, found.failures):
            if not is_exported(pipeline, members_of(pipeline, name, found.snapshot)):
                found.due.append(name)
    return found


@contextmanager
def _one_of_many(name: str, failures: list[CrmError]) -> Iterator[None]:
    """What goes wrong with one audience is kept for the end, so that the others are handed over all the same."""
    try:
        yield
    except CrmError as error:
        failures.append(error)
    except Exception as error:
        failure = CrmError(f"audiences.{name}: not handed over, by an error in the code ({type(error).__name__})")
        failure.__cause__ = error
        failures.append(failure)


def _raise(failures: Sequence[CrmError]) -> None:
    if failures:
        more = f" (and {len(failures) - 1} more audiences)" if len(failures) > 1 else ""
        first = failures[0]
        raise (UserError if isinstance(first, UserError) else CrmError)(f"{first}{more}") from first


def audiences_due(pipeline: Pipeline) -> list[str]:
    """The audiences that are exported by themselves and changed since, as of the newest snapshot that readers see.

    [] before the first snapshot. Where none is due, the first failure to tell is raised.
    """
    found = _scheduled(pipeline)
    if not found.due:
        _raise(found.failures)
    return found.due


def export_scheduled(pipeline: Pipeline, run_id: str, now: datetime) -> list[Exported]:
    """Export every audience that is exported by itself and changed, at the newest snapshot that readers see.

    Nothing before the first snapshot. One that fails, for whatever reason, does not keep the others; the first failure
    is raised when all were tried.
    """
    found = _scheduled(pipeline)
    done: list[Exported] = []
    if found.snapshot is None:
        return done
    for name in found.due:
        with _one_of_many(name, found.failures):
            done.append(export_audience(pipeline, name, found.snapshot, run_id, now))
    _raise(found.failures)
    return done
