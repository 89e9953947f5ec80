"""Hands one alert to one receiver: bounded tries, bounded time, and no secret in what is said when it fails."""

from __future__ import annotations

import http.client
import json
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from crm_pipeline.alerts.findings import Finding
from crm_pipeline.alerts.settings import LogReceiver, MailReceiver, Receiver, WebhookReceiver
from crm_pipeline.errors import CrmError
from crm_pipeline.ingestion.connectors.secrets import Secrets
from crm_pipeline.project import Project

TRIES = 3
WAIT_SECONDS = 1.0
TIMEOUT_SECONDS = 10.0
LONGEST_TEXT = 2_000


class DeliveryError(CrmError):
    """A receiver did not take an alert."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: to follow it would turn the POST into a GET that carries the token."""

    def redirect_request(self, *given: Any) -> None:
        """None: nothing is asked instead."""


def as_json(project: Project, findings: Sequence[Finding], at: datetime) -> dict[str, Any]:
    """What a receiver is given: no row, no identifier, no secret."""
    return {
        "project": project.name,
        "at": at.astimezone(project.zone).isoformat(timespec="seconds"),
        "text": f"{project.name}: {summary(findings)}",
        "alerts": [
            {
                "subject": finding.subject,
                "severity": finding.severity,
                "title": finding.title,
                "text": finding.text[:LONGEST_TEXT],
                "run_id": finding.run_id,
            }
            for finding in findings
        ],
    }


def summary(findings: Sequence[Finding]) -> str:
    """One line."""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].title}{more}"


def deliver(project: Project, name: str, receiver: Receiver, findings: Sequence[Finding], at: datetime) -> None:
    """Tell one receiver, in at most three tries; DeliveryError, without secrets, when it does not take it."""
    secrets = Secrets(name, where=f"alerts.{name}")
    content = as_json(project, findings, at)
    if isinstance(receiver, LogReceiver):
        _try(name, secrets, lambda: _append(project.folder / receiver.path, content))
    elif isinstance(receiver, WebhookReceiver):
        url = secrets.resolve(receiver.url, in_url=True).get_secret_value()
        bearer = secrets.resolve(receiver.bearer).get_secret_value() if receiver.bearer else None
        _try(name, secrets, lambda: _post(url, bearer, content))
    elif isinstance(receiver, MailReceiver):
        password = secrets.resolve(receiver.password).get_secret_value() if receiver.password else None
        _try(name, secrets, lambda: _mail(receiver, password, content))


def _try(name: str, secrets: Secrets, hand_over: Callable[[], None]) -> None:
    failure = ""
    for number in range(TRIES):
        if number:
            time.sleep(WAIT_SECONDS * 2 ** (number - 1))
        try:
            hand_over()
        except (OSError, ValueError, smtplib.SMTPException, http.client.HTTPException) as error:
            failure = f"{type(error).__name__}: {secrets.hidden(_said(error))}"
            if _is_final(error):
                break
        else:
            return
    raise DeliveryError(f"alerts.{name}: the alert was not taken ({failure})")


def _said(error: Exception) -> str:
    """What may be told of an error: one of the protocol quotes the address or the answer, which may hold a secret."""
    if isinstance(error, http.client.InvalidURL):
        return "the address is not a valid one"
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        return "the answer is not one of HTTP"
    if isinstance(error, urllib.error.HTTPError) and 300 <= error.code < 400:
        return f"the receiver answered {error.code}, a redirect, which is not followed; name its target"
    return str(error)


def _is_final(error: Exception) -> bool:
    """Whether asking again would not change the answer."""
    if isinstance(error, urllib.error.HTTPError):
        return 300 <= error.code < 500 and error.code != 429
    kinds = (smtplib.SMTPAuthenticationError, http.client.InvalidURL, ValueError)
    return isinstance(error, kinds)


def _append(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(content, ensure_ascii=False) + "\n")


def _post(url: str, bearer: str | None, content: dict[str, Any]) -> None:
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address is not one of http or https")
    headers = {"Content-Type": "application/json", "User-Agent": "crm-pipeline"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    request = urllib.request.Request(url, json.dumps(content).encode(), headers, method="POST")
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read(1024)


def _mail(receiver: MailReceiver, password: str | None, content: dict[str, Any]) -> None:
    message = EmailMessage()
    message["Subject"] = " ".join(str(content["text"]).split())
    message["From"] = receiver.sender
    message["To"] = ", ".join(receiver.to)
    lines = [f"{item['severity']}: {item['title']}\n  {item['text']}" for item in content["alerts"]]
    message.set_content(f"{content['project']}, {content['at']}\n\n" + "\n\n".join(lines) + "\n")
    verified = ssl.create_default_context()  # smtplib itself would take any certificate
    server: smtplib.SMTP
    if receiver.encryption == "tls":
        server = smtplib.SMTP_SSL(receiver.host, receiver.port, timeout=TIMEOUT_SECONDS, context=verified)
    else:
        server = smtplib.SMTP(receiver.host, receiver.port, timeout=TIMEOUT_SECONDS)
    with server:
        if receiver.encryption == "starttls":
            server.starttls(context=verified)
        if receiver.user is not None and password is not None:
            server.login(receiver.user, password)
        server.send_message(message)
