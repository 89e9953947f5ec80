"""Receivers on this machine: a web server and a mail server that keep what they are given."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """A web server; it answers with the given status codes in turn, then with 200."""

    answers: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def titles(self) -> list[str]:
        """The titles of all alerts that it took, in order."""
        return [item["title"] for body in self.bodies for item in body["alerts"]]


@contextmanager
def webhook(*answers: int) -> Iterator[Webhook]:
    """A web server on a free port of the loopback interface."""
    found = Webhook(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code = found.answers.pop(0) if found.answers else 200
            found.headers.append(dict(self.headers))
            if code == 200:
                found.bodies.append(body)
            self.send_response(code)
            self.end_headers()

        def log_message(self, *given: Any) -> None:
            """Nothing on the error stream."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()


@dataclass
class Mailbox:
    """A mail server and the messages that it took."""

    messages: list[Any] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a message."""
        self.messages.append(envelope)
        return "250 OK"
