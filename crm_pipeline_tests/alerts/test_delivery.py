"""Each kind of receiver, tried on this machine: what it gets, how often it is tried, and what is said when it fails."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from crm_pipeline.alerts import delivery
from crm_pipeline.alerts.delivery import DeliveryError, deliver
from crm_pipeline.alerts.findings import Finding
from crm_pipeline.errors import UserError
from crm_pipeline.project import Project
from crm_pipeline_tests.alerts.receivers import Mailbox, webhook
from crm_pipeline_tests.ingestion.connectors.servers import free_port
from crm_pipeline_tests.kit import make_project

NOW = datetime(2024, 2, 1, 6, tzinfo=UTC)
FAILED = Finding("failed_run", "critical", "a run failed", "orders: critical checks failed", "run-1")
LATE = Finding("stale", "error", "snapshot 2024-02-01 is late", "waits for till, complete to 2024-01-30")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which are not waited for."""
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def send(project: Project, *findings: Finding) -> None:
    deliver(project, "ops", project.alerts["ops"], findings or (FAILED, LATE), NOW)


def project_with(folder: Path, **receiver: Any) -> Project:
    return make_project(folder, time_zone="Europe/Berlin", alerts={"ops": receiver})


def test_a_log_gets_one_line_per_alert(tmp_path: Path) -> None:
    project = project_with(tmp_path, kind="log", path="logs/alerts.jsonl")
    send(project)
    send(project, LATE)
    first, second = map(json.loads, (tmp_path / "logs" / "alerts.jsonl").read_text().splitlines())
    assert (first["project"], first["at"], len(first["alerts"])) == ("shop", "2024-02-01T07:00:00+01:00", 2)
    assert second["alerts"] == [
        {"subject": "stale", "severity": "error", "title": LATE.title, "text": LATE.text, "run_id": ""}
    ]


def test_a_webhook_is_posted_json_with_the_secret_in_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TOKEN", "s3cret-token")
    with webhook() as server:
        send(project_with(tmp_path, kind="webhook", url=server.url, bearer="${OPS_TOKEN}"))
    (body,) = server.bodies
    assert body["text"] == "shop: a run failed (and 1 more)" and server.titles == [FAILED.title, LATE.title]
    assert server.headers[0]["Authorization"] == "Bearer s3cret-token"
    assert server.headers[0]["Content-Type"] == "application/json" and "s3cret" not in json.dumps(body)


def test_what_passes_is_tried_again_and_what_does_not_is_not(tmp_path: Path, waits: list[float]) -> None:
    with webhook(503, 429) as server:
        send(project_with(tmp_path, kind="webhook", url=server.url))
        assert len(server.headers) == 3 and len(server.bodies) == 1 and waits == [1.0, 2.0]
    with webhook(404) as server, pytest.raises(DeliveryError, match="404"):
        send(project_with(tmp_path, kind="webhook", url=server.url))
    assert len(server.headers) == 1
    with webhook(500, 500, 500, 500) as server, pytest.raises(DeliveryError, match="500"):
        send(project_with(tmp_path, kind="webhook", url=server.url))
    assert len(server.headers) == delivery.TRIES


def test_nobody_there_is_said_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", f"http://ops:s3cret-word@127.0.0.1:{free_port()}/x?token=s3cret-word")
    with pytest.raises(DeliveryError, match=r"alerts\.ops: the alert was not taken") as error:
        send(project_with(tmp_path, kind="webhook", url="${HOOK}"))
    assert "s3cret" not in str(error.value)
    monkeypatch.delenv("HOOK")
    with pytest.raises(UserError, match=r"alerts\.ops: the environment variable HOOK is not set"):
        send(project_with(tmp_path, kind="webhook", url="${HOOK}"))


def test_a_mail_server_gets_a_message(tmp_path: Path) -> None:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        to = ["ops@shop.example", "lead@shop.example"]
        mail = {"kind": "smtp", "host": "127.0.0.1", "port": port, "sender": "crm@shop.example", "to": to}
        send(project_with(tmp_path, encryption="none", **mail))
        assert len(box.messages) == 1
        with pytest.raises(DeliveryError, match="STARTTLS"):
            send(project_with(tmp_path, **mail))
        assert len(box.messages) == 1, "nothing goes out unencrypted unless it was asked for"
    finally:
        server.stop()
    message = message_from_bytes(box.messages[0].content, policy=policy.default)
    assert (message["Subject"], message["To"]) == ("shop: a run failed (and 1 more)", ", ".join(to))
    assert "critical: a run failed" in message.get_content() and "waits for till" in message.get_content()
    assert box.messages[0].rcpt_tos == to


def test_a_refused_log_in_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    import smtplib

    class Refusing(smtplib.SMTP):
        def starttls(self, **given: Any) -> tuple[int, bytes]:
            return 220, b"ready"

        def login(self, user: str, password: str, **given: Any) -> tuple[int, bytes]:
            raise smtplib.SMTPAuthenticationError(535, f"no: {password}".encode())

    monkeypatch.setenv("MAIL_PASSWORD", "s3cret-word")
    monkeypatch.setattr(smtplib, "SMTP", Refusing)
    server = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        project = project_with(
            tmp_path, kind="smtp", host="127.0.0.1", port=server.port, user="crm", password="${MAIL_PASSWORD}",
            sender="crm@shop.example", to=["ops@shop.example"],
        )  # fmt: skip
        with pytest.raises(DeliveryError, match="SMTPAuthenticationError") as error:
            send(project)
    finally:
        server.stop()
    assert "s3cret" not in str(error.value) and waits == []


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers with these bytes in turn: its address, and the first line of each request."""
    asked: list[bytes] = []
    left = list(answers)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().strip())
            self.wfile.write(left.pop(0) if left else b"HTTP/1.0 200 OK\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_an_answer_that_is_not_http_is_a_failure_without_its_text(tmp_path: Path) -> None:
    with (
        answering(*[b"s3cret banner of another service\r\n"] * 3) as (url, asked),
        pytest.raises(DeliveryError, match="BadStatusLine: the answer is not one of HTTP") as error,
    ):
        send(project_with(tmp_path, kind="webhook", url=url))
    assert len(asked) == delivery.TRIES and "s3cret" not in str(error.value)


def test_an_address_that_is_none_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/services/s3cret word")
    with pytest.raises(DeliveryError, match="the address is not a valid one") as error:
        send(project_with(tmp_path, kind="webhook", url="${HOOK}"))
    assert "s3cret" not in str(error.value) and "word" not in str(error.value) and waits == []


@pytest.mark.parametrize("code", [302, 307])
def test_a_redirect_is_not_followed_and_not_taken_for_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float], code: int
) -> None:
    monkeypatch.setenv("OPS_TOKEN", "s3cret-token")
    with answering() as (elsewhere, asked):
        redirect = f"HTTP/1.0 {code} Moved\r\nLocation: {elsewhere}/s3cret-place\r\n\r\n".encode()
        with (
            answering(redirect) as (url, _),
            pytest.raises(DeliveryError, match=f"answered {code}, a redirect, which is not followed") as error,
        ):
            send(project_with(tmp_path, kind="webhook", url=url, bearer="${OPS_TOKEN}"))
    assert asked == [] and waits == [] and "s3cret" not in str(error.value)


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_the_certificate_of_a_mail_server_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encryption: str
) -> None:
    import smtplib

    contexts: list[ssl.SSLContext] = []

    class Server(smtplib.SMTP):
        def __init__(self, *given: Any, context: ssl.SSLContext | None = None, **named: Any) -> None:
            super().__init__()
            if context is not None:
                contexts.append(context)

        def starttls(self, **given: Any) -> tuple[int, bytes]:
            contexts.append(given["context"])
            return 220, b"ready"

        def send_message(self, *given: Any, **named: Any) -> dict[str, tuple[int, bytes]]:
            return {}

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    mail = {"kind": "smtp", "host": "mail.example", "sender": "crm@shop.example", "to": ["ops@shop.example"]}
    send(project_with(tmp_path, encryption=encryption, **mail))
    (context,) = contexts
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
