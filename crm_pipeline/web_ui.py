"""`crm-pipeline ui`: Dagster's web UI and daemon on one project."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from pathlib import Path

import click

from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline

HOST = "127.0.0.1"


def ui_command(pipeline: Pipeline, port: int) -> None:
    """Replace this process by `dagster dev` on the project's instance.

    UserError where the port is taken, or the project's UI runs already: two daemons would fight for its schedules.
    """
    from crm_pipeline.cli import PROJECT_VARIABLE
    from crm_pipeline.runs import open_instance

    pipeline.warehouse.prepare()
    open_instance(pipeline).dispose()
    address = f"http://{HOST}:{port}"
    lock = _hold(pipeline.project.dagster_home / "ui.lock", address)
    try:
        _require_free(port)
    except UserError:
        os.close(lock)
        raise
    environment = os.environ | {
        "DAGSTER_HOME": str(pipeline.project.dagster_home),
        PROJECT_VARIABLE: str(pipeline.project.folder),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "dagster", "dev", "-w", _workspace(pipeline), "-h", HOST, "-p", str(port)]
    click.echo(f"The web UI will be at {address} (Ctrl-C ends it).")
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UserError(
                f"--port {port}: cannot be used ({getattr(error, 'strerror', None) or error}); choose another, such as "
                f"--port {port + 1 if 1024 <= port < 65535 else 3001}"
            ) from None


def _hold(path: Path, address: str) -> int:
    """Lock the file as long as this process lives, whatever it becomes; it says where the UI is. Returns its number."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        where = os.read(lock, 100).decode()
        os.close(lock)
        raise UserError(f"the web UI of this project runs already, at {where}; end it first (Ctrl-C)") from None
    except OSError as error:
        os.close(lock)
        raise UserError(f"{path}: cannot be locked ({error.strerror}); keep the project on a local disk") from None
    os.set_inheritable(lock, True)
    os.ftruncate(lock, 0)
    os.write(lock, address.encode())
    return lock


def _workspace(pipeline: Pipeline) -> str:
    """The workspace file of the instance: the same location name as everywhere."""
    path = pipeline.project.dagster_home / "workspace.yaml"
    path.write_text(
        "load_from:\n  - python_module:\n"
        "      module_name: crm_pipeline.definitions\n      location_name: crm_pipeline\n",
        encoding="utf-8",
    )
    return str(path)
