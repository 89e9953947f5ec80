"""Real database servers on a free loopback port, from data folders that go when the tests end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import NoReturn

import pytest

PASSWORD = "pl@nted/s3cret:of the shop"
START_SECONDS = 90


def missing(what: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed; .ci/run installs it")
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def find_program(name: str, *patterns: str) -> str | None:
    """A server's program, also where Debian puts it beside the path."""
    found = shutil.which(name)
    places = sorted(path for pattern in patterns for path in glob(pattern))
    return found or (places[-1] if places else None)


def unprivileged(user: str) -> list[str]:
    """What to put before a command: servers refuse to run as root, so root hands over to the package's user."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.getuid() == 0 else []


@dataclass
class Server:
    """A server process; ``start`` waits until it answers."""

    command: Sequence[str]
    folder: Path
    port: int
    answers: Callable[[Server], bool]
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        ends = time.monotonic() + START_SECONDS
        while not self.answers(self):
            if self.process.poll() is not None or time.monotonic() > ends:
                text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                pytest.fail(f"the server did not start: {text}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it, in order if it can."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


def server_folder(user: str) -> Path:
    """A folder that the server's user may write to."""
    folder = Path(tempfile.mkdtemp(prefix="crm-server-"))
    if os.getuid() == 0:
        shutil.chown(folder, user, user)
    folder.chmod(0o755)
    return folder


def postgres_server() -> Server:
    """PostgreSQL with the user `shop` and the database `shop`; only passwords let in."""
    binary = "/usr/lib/postgresql/*/bin/"
    initdb = find_program("initdb", binary + "initdb")
    postgres = find_program("postgres", binary + "postgres")
    if initdb is None or postgres is None:
        missing("PostgreSQL (Debian package postgresql)")
    folder = server_folder("postgres")
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if os.getuid() == 0:
        shutil.chown(secret, "postgres", "postgres")
    data = folder / "data"
    options = ["-U", "shop", "--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    subprocess.run(
        [*unprivileged("postgres"), str(initdb), "-D", str(data), *options], check=True, capture_output=True, cwd=folder
    )
    port = free_port()
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", f"unix_socket_directories={folder}"]
    command = [*unprivileged("postgres"), str(postgres), "-D", str(data), "-p", str(port), *settings]

    def answers(server: Server) -> bool:
        import psycopg

        try:
            psycopg.connect(
                host="127.0.0.1", port=port, user="shop", password=PASSWORD, dbname="postgres", connect_timeout=2
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    return Server(command, folder, port, answers)


def mariadb_server() -> Server:
    """MariaDB with the user `shop` and the database `shop`."""
    install = find_program("mariadb-install-db", "/usr/bin/mariadb-install-db")
    mariadbd = find_program("mariadbd", "/usr/sbin/mariadbd")
    if install is None or mariadbd is None:
        missing("MariaDB (Debian package mariadb-server)")
    folder = server_folder("mysql")
    data = folder / "data"
    base = [*unprivileged("mysql"), str(install), "--no-defaults", f"--datadir={data}"]
    subprocess.run(
        [*base, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    port = free_port()
    start = folder / "start.sql"
    start.write_text(
        "create database if not exists shop character set utf8mb4;\n"
        f"create user if not exists shop@'%' identified by '{PASSWORD}';\n"
        "grant all on *.* to shop@'%';\n",
        encoding="utf-8",
    )
    settings = [
        "--no-defaults",
        f"--datadir={data}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'sock'}",
        f"--pid-file={folder / 'pid'}",
        f"--init-file={start}",
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=2",  # a killed server keeps what it was told
        "--innodb-buffer-pool-size=32M",
    ]
    command = [*unprivileged("mysql"), str(mariadbd), *settings]

    def answers(server: Server) -> bool:
        import pymysql

        try:
            pymysql.connect(
                host="127.0.0.1", port=port, user="shop", password=PASSWORD, database="shop", connect_timeout=2
            ).close()
        except pymysql.err.OperationalError:
            return False
        return True

    return Server(command, folder, port, answers)


def mongo_server() -> Server:
    """SecantusDB: a server that speaks MongoDB's wire protocol over WiredTiger. It is not MongoDB itself."""
    program = Path(sys.executable).with_name("secantusd-py")
    if not program.exists():
        missing("SecantusDB (extra dev)")
    folder = Path(tempfile.mkdtemp(prefix="crm-server-"))
    port = free_port()
    (folder / "secantusd.toml").write_text("", encoding="utf-8")
    command = [str(program), "--config", str(folder / "secantusd.toml"), "--port", str(port), "--host", "127.0.0.1"]
    command += ["--standalone", "--storage-path", str(folder / "data"), "--log-level", "ERROR"]

    def answers(server: Server) -> bool:
        import pymongo
        from pymongo.errors import PyMongoError

        try:
            with pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=1000) as client:
                client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    return Server(command, folder, port, answers)
