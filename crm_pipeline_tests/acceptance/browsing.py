"""What tests in a headless browser share: the browser that is installed, and the web UI of a project."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from crm_pipeline_tests.acceptance.commands import CLI, REPOSITORY, environment

START_SECONDS = 180
NAMES = ("chromium", "chromium-browser", "google-chrome")


def browser_path() -> str:
    """The installed browser; without one the tests are skipped, on a build server they fail."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = f"no browser is installed (looked for {', '.join(NAMES)})"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    return found


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; AssertionError with its log when it ended or takes too long."""
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and server.poll() is None:
        try:
            with urlopen(f"{address}/server_info", timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise AssertionError(f"the web UI did not start:\n{log.read_text()}")


@contextmanager
def web_ui(folder: Path, log: Path) -> Iterator[str]:
    """The address of `crm-pipeline ui` on a project."""
    port = free_port()
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*CLI, "ui", "--project", str(folder), "--port", str(port)],
            env=environment(),
            cwd=REPOSITORY,
            stdout=output,
            stderr=output,
        ) as server,
    ):
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(timeout=60)
            except subprocess.TimeoutExpired:
                server.kill()
