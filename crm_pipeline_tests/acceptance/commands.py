"""Runs the command line, in a process of its own (as people do) or in this one (quicker)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from crm_pipeline.cli import main
from crm_pipeline.project import load_project

REPOSITORY = Path(__file__).parents[2]
CLI = (sys.executable, "-m", "crm_pipeline.cli")
TIMEOUT = 2400


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said, as one line: messages wrap at the terminal's width."""
        return " ".join(f"{self.out}\n{self.err}".split())


def environment(folder: Path | None = None) -> dict[str, str]:
    """The environment of a command; with a folder that of Dagster's own tools for that project."""
    values = {name: text for name, text in os.environ.items() if not name.startswith(("DAGSTER_", "CRM_PIPELINE_"))}
    values |= {"PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore", "DAGSTER_DG_CLI_SKIP_UPDATE_CHECK": "1"}
    if folder is not None:
        values |= {"CRM_PIPELINE_PROJECT": str(folder), "DAGSTER_HOME": str(load_project(folder).dagster_home)}
    return values


def process(*command: str, env: Mapping[str, str] | None = None, cwd: Path = REPOSITORY) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        command, env=env or environment(), cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def crm_process(command: str, folder: Path, *options: str) -> Ended:
    """`crm-pipeline` in a process of its own."""
    return process(*CLI, command, "--project", str(folder), *options)


def crm(command: str, folder: Path, *options: str) -> Ended:
    """`crm-pipeline` in this process."""
    result = CliRunner().invoke(main, [command, "--project", str(folder), *options])
    return Ended(result.exit_code, result.stdout, result.stderr)
