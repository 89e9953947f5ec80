"""The UI is refused in words where its port is taken or the project has one already."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from crm_pipeline import web_ui
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline_tests.kit import make_project

OPEN_FILES = """
import os
files = (os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
print(sum(name.endswith("ui.lock") for name in files))
"""


class ReplacedError(Exception):
    """The command would be `dagster dev` now."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that the process would have become."""
    commands: list[list[str]] = []

    def execve(_: str, command: list[str], __: object) -> None:
        commands.append(command)
        raise ReplacedError

    monkeypatch.setattr(os, "execve", execve)
    return commands


def test_a_taken_port_is_told_and_a_free_one_is_used(tmp_path: Path, started: list[list[str]]) -> None:
    pipeline = Pipeline(make_project(tmp_path))
    with socket.socket() as other:
        other.bind((web_ui.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            UserError, match=rf"--port {port}: cannot be used \(Address already in use\); choose another"
        ):
            web_ui.ui_command(pipeline, port)
    with pytest.raises(UserError, match="--port 99999: cannot be used"):
        web_ui.ui_command(Pipeline(make_project(tmp_path / "b")), 99999)
    assert not started


def test_one_ui_per_project_as_long_as_it_lives(tmp_path: Path, started: list[list[str]]) -> None:
    pipeline = Pipeline(make_project(tmp_path))
    with socket.socket() as free:
        free.bind((web_ui.HOST, 0))
        port = free.getsockname()[1]
    with pytest.raises(ReplacedError):
        web_ui.ui_command(pipeline, port)
    assert started[0][-1] == str(port)
    with pytest.raises(UserError, match=rf"runs already, at http://127\.0\.0\.1:{port}; end it first"):
        web_ui.ui_command(pipeline, port)
    # what the process becomes keeps the lock, what that starts does not
    become = subprocess.run(
        [sys.executable, "-c", OPEN_FILES], capture_output=True, text=True, close_fds=False, check=True
    )
    child = subprocess.run([sys.executable, "-c", OPEN_FILES], capture_output=True, text=True, check=True)
    assert (become.stdout.strip(), child.stdout.strip()) == ("1", "0")
