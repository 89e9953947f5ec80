"""The warehouse as a Dagster resource: it holds the one-writer lock for the length of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster_duckdb import DuckDBResource
from pydantic import PrivateAttr

from crm_pipeline.errors import CrmError
from crm_pipeline.processes import PROCESS_TAG, WORKER_TAG, this_process
from crm_pipeline.project import load_project
from crm_pipeline.run_history import quick_history
from crm_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LOCK_WAIT_SECONDS = 5.0


class WarehouseResource(DuckDBResource):
    """A project's warehouse.

    The base class keeps its connection open when a step fails and waits for minutes on a locked file; this one closes
    on every way out and fails at once with a message that says who to wait for.
    """

    project_folder: str
    _files: Warehouse | None = PrivateAttr(default=None)
    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    @property
    def files(self) -> Warehouse:
        """The project's files."""
        if self._files is None:
            self._files = Warehouse(load_project(self.project_folder))
        return self._files

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Note which process does the run, and take the lock; a Failure with one sentence when it cannot be had."""
        if context.instance is not None and context.run is not None and PROCESS_TAG not in context.run.tags:
            context.instance.add_run_tags(context.run.run_id, {WORKER_TAG: this_process()})
        try:
            self._held.enter_context(self.files.locked(wait_seconds=LOCK_WAIT_SECONDS))
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={"exit_code": error.exit_code}, allow_retries=False
            ) from error
        if context.instance is not None and context.instance.root_directory:
            self._held.enter_context(quick_history(Path(context.instance.root_directory)))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Release the lock."""
        self._held.close()

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """A connection to the live file."""
        with self.files.connect() as connection:
            yield connection
