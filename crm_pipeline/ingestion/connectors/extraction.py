"""Reads the sources that lie elsewhere, and lands what is new of them as files."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crm_pipeline.counting import counted
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors.landing import Landing
from crm_pipeline.ingestion.connectors.secrets import Secrets

if TYPE_CHECKING:
    from crm_pipeline.project import Project, Source

MODULES = {"SqlExtract": "sql", "MongoExtract": "mongodb", "RestExtract": "rest", "FilesExtract": "objects"}


class Connector(Protocol):
    """What each connector's module offers."""

    @staticmethod
    def land(source_name: str, source: Source, landing: Landing, secrets: Secrets, tell: Callable[[int], None]) -> int:
        """Land what is new; returns the number of rows (of files for an object store)."""
        ...


def land_source(project: Project, name: str, progress: Callable[[str], None]) -> int:
    """Land what is new of one source; returns how much. Errors name the source and hold no secret.

    UserError for settings that cannot work (credentials, names, a missing package), CrmError when the source fails.
    """
    source = project.sources[name]
    extract = source.extraction
    assert extract is not None
    landing = Landing(project.landed_folder(name))
    secrets = Secrets(name)
    connector: Connector = import_module(  # type: ignore[assignment]
        f"crm_pipeline.ingestion.connectors.{MODULES[type(extract.connector).__name__]}"
    )
    problem: CrmError | None = None
    landed = 0
    try:
        landing.prepare()
        landed = connector.land(
            name, source, landing, secrets, lambda rows: progress(f"{name}: {counted(rows, 'row')} read")
        )
    except CrmError as error:
        problem = type(error)(secrets.hidden(str(error)))
    except Exception as error:
        # the error's own text may hold values of rows: the place says enough
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        problem = CrmError(f"sources.{name}.extract: reading failed ({where}); what was landed before stays")
    if problem is not None:
        raise problem  # outside of `except`: the driver's own error, which may hold a secret, is let go
    landing.complete()
    return landed


def needs(extra: str, package: str) -> UserError:
    """What to say when a connector's packages are not installed."""
    return UserError(f"the package {package} is not installed; install it with: pip install 'crm-pipeline[{extra}]'")
