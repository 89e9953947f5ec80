"""Files of object stores and web servers, by any address that fsspec knows: fetched when they are new or changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fsspec

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors import PART_SUFFIX
from crm_pipeline.ingestion.connectors.extraction import needs
from crm_pipeline.ingestion.connectors.landing import Landing, put_in_place
from crm_pipeline.ingestion.connectors.secrets import Secrets
from crm_pipeline.warehouse.connection import DISK_IS_FULL, is_full_disk

if TYPE_CHECKING:
    from crm_pipeline.project import Source

VERSIONS = ".versions.json"
TRIES = 4
CHUNK_BYTES = 8_000_000
OWN_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
IDENTITIES = ("ETag", "etag", "e_tag", "Content-MD5", "content_md5", "md5Hash", "Digest", "generation", "version_id")
MOMENTS = ("LastModified", "last_modified", "Last-Modified", "mtime", "updated", "created")


def land(source_name: str, source: Source, landing: Landing, secrets: Secrets, tell: Callable[[int], None]) -> int:
    """Fetch the files that are new or that changed; returns how many. A file that goes there stays here."""
    extract = source.extraction
    assert extract is not None and extract.files is not None
    where = f"sources.{source_name}"
    url = secrets.resolve(extract.files.url, in_url=True).get_secret_value()
    problem: CrmError
    try:
        system, pattern = fsspec.core.url_to_fs(
            url, skip_instance_cache=True, use_listings_cache=False, **secrets.resolve_all(extract.files.options)
        )
        return Fetching(where, system, pattern, landing).fetch(tell)
    except ImportError as error:
        problem = _missing(url, error)
    except (PermissionError, FileNotFoundError) as error:
        problem = UserError(f"{where}: {_shown(url)} cannot be read ({type(error).__name__}); check it and the rights")
    except CrmError:
        raise
    except Exception as error:  # each store has errors of its own
        if is_full_disk(error):
            problem = CrmError(f"{landing.folder}: {DISK_IS_FULL}")
        else:
            problem = CrmError(
                f"{where}: {_shown(url)} could not be read ({type(error).__name__}); what was landed before stays"
            )
    raise problem


class Fetching:
    """One look at the files of a store."""

    def __init__(self, where: str, system: Any, pattern: str, landing: Landing) -> None:
        self.where, self.system, self.pattern, self.landing = where, system, pattern, landing
        self._versions = landing.folder / VERSIONS

    def fetch(self, tell: Callable[[int], None]) -> int:
        """Fetch what is new or changed, one file after the other; UserError when nothing matches."""
        known: dict[str, str] = json.loads(self._versions.read_text("utf-8")) if self._versions.exists() else {}
        found = self._found()
        if not found:
            raise UserError(f"{self.where}: no file matches {_shown(self.pattern)}; correct the address")
        fetched = 0
        for name, (path, info) in sorted(found.items()):
            version = _version(info)
            target = self.landing.folder / name
            if target.exists() and version is not None and known.get(name) == version:
                continue
            fetched += self._fetch_file(path, info, target)
            if version is not None:
                known[name] = version
                self._remember(known)
            tell(fetched)
        return fetched

    def _found(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """Names here of the files there, with their addresses and what the store says of them."""
        marks = "*[" if "://" in self.pattern else "*?["  # a web address may have a query
        if any(mark in self.pattern for mark in marks):
            infos = self.system.glob(self.pattern, detail=True)
        else:
            infos = {self.pattern: self.system.info(self.pattern)}
        files = {path: info for path, info in infos.items() if info.get("type", "file") == "file"}
        literal = PurePosixPath(*_before_wildcards(PurePosixPath(self.pattern).parts))
        return {_local_name(path, literal): (path, info) for path, info in files.items()}

    def _fetch_file(self, path: str, info: Mapping[str, Any], target: Path) -> int:
        """Fetch one file; returns 1, or 0 when it holds the very bytes that are here."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + PART_SUFFIX)
        try:
            for attempt in range(1, TRIES + 1):
                try:
                    self._copy(path, info, part)
                    break
                except (PermissionError, FileNotFoundError):
                    raise
                except Exception as error:  # each store has errors of its own
                    if attempt == TRIES or is_full_disk(error):
                        raise
            if target.exists() and _same_bytes(part, target):
                return 0
            put_in_place(part, target)
            return 1
        finally:
            part.unlink(missing_ok=True)

    def _copy(self, path: str, info: Mapping[str, Any], part: Path) -> None:
        with self.system.open(path, "rb") as there, part.open("wb") as here:
            shutil.copyfileobj(there, here, CHUNK_BYTES)
        size = info.get("size")
        if size is not None and part.stat().st_size != size:
            raise EOFError("the file was cut off")

    def _remember(self, known: Mapping[str, str]) -> None:
        part = self._versions.with_name(VERSIONS + PART_SUFFIX)
        part.write_text(json.dumps(known, sort_keys=True), encoding="utf-8")
        put_in_place(part, self._versions)


def _before_wildcards(parts: tuple[str, ...]) -> list[str]:
    found = []
    for part in parts[:-1]:
        if any(mark in part for mark in "*?["):
            break
        found.append(part)
    return found


def _local_name(path: str, literal: PurePosixPath) -> str:
    """A file's path below the part of the address that has no wildcard, without the query of a web address."""
    whole = PurePosixPath(path.partition("?")[0] if "://" in path else path)
    within = whole.relative_to(literal) if whole.is_relative_to(literal) else PurePosixPath(whole.name)
    return "/".join(part.lstrip(".") or "_" for part in within.parts)


def _version(info: Mapping[str, Any]) -> str | None:
    """What the store says that changes with the content; None when it says nothing, so that the bytes must tell."""
    for names in (IDENTITIES, MOMENTS):
        found = [f"{name}={info[name]}" for name in names if info.get(name)]
        if found:
            return f"{' '.join(found)} size={info.get('size')}"
    return None


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(CHUNK_BYTES):
            if chunk != second.read(CHUNK_BYTES):
                return False
    return True


def _shown(url: str) -> str:
    return repr(url.partition("?")[0])


def _missing(url: str, error: ImportError) -> UserError:
    package = OWN_PACKAGES.get(urlsplit(url).scheme)
    if package is not None:
        return UserError(f"the package {package} is not installed; install it with: pip install {package}")
    return needs("cloud", error.name or urlsplit(url).scheme)
