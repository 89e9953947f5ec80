"""A web service on the loopback interface that pages in every way, throttles, breaks off and asks who is there."""

from __future__ import annotations

import base64
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN = "pl@nted token/+="
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class WebShop:
    """The orders it holds and the troubles it makes: what to answer in place of the next requests, in order."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    trouble_share: float = 0.0
    capped_size: int = 3
    requests: list[dict[str, str]] = field(default_factory=list)
    accepted: Callable[[dict[str, str], dict[str, str]], bool] = lambda headers, query: True
    base: str = ""
    _random: random.Random = field(default_factory=lambda: random.Random(7))

    def trouble(self) -> str | None:
        """What goes wrong with this request."""
        if self.troubles:
            return self.troubles.pop(0)
        if self._random.random() < self.trouble_share:
            return self._random.choice(["500", "429", "dropped", "truncated", "half"])
        return None

    def page(self, path: str, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """The body of a page and its headers."""
        found = [order for order in self.orders if order["updated"] >= query.get("since", "")]
        size = min(int(query.get("size", 100)), self.capped_size)
        if path == "/all":
            return {"data": {"orders": found}}, {}
        if path == "/list":
            return found, {}
        if path == "/numbered":
            start = (int(query["page"]) - 1) * size
            return {"data": {"orders": found[start : start + size]}, "pages": -(-len(found) // size)}, {}
        if path == "/stuck":
            return {"data": {"orders": found[:size]}, "next": "again"}, {}
        start = int(query.get("from", 0))
        body: dict[str, Any] = {"data": {"orders": found[start : start + size]}}
        following = start + size if start + size < len(found) else None
        if path == "/cursor":
            body["next"] = following
        query = {name: text for name, text in query.items() if name not in ("from", "key")}
        after = f"{self.base}{path}?{urlencode({**query, 'from': following})}"
        if path == "/next":
            body["links"] = {"next": after if following else None}
        headers = {"Link": f'<{after}>; rel="next"'} if path == "/link" and following else {}
        return body, headers


def _answer(shop: WebShop, handler: BaseHTTPRequestHandler, query: dict[str, str]) -> Answer:
    path = urlsplit(handler.path).path
    if path == "/token":
        expected = "Basic " + base64.b64encode(f"client:{TOKEN}".encode()).decode()
        known = handler.headers.get("Authorization") == expected
        return (200 if known else 401), {}, json.dumps({"access_token": "granted-" + TOKEN[:5]}).encode()
    if path == "/moved":
        return 302, {"Location": "http://elsewhere.invalid/all"}, b""
    if not shop.accepted(dict(handler.headers), query):
        return 401, {}, b"{}"
    if path not in ("/all", "/list", "/numbered", "/offset", "/link", "/next", "/cursor", "/stuck"):
        return 404, {}, b"{}"
    body, headers = shop.page(path, query)
    return 200, headers, json.dumps(body).encode()


@contextmanager
def web_shop() -> Iterator[WebShop]:
    """The service, running."""
    shop = WebShop()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            query = {name: texts[0] for name, texts in parse_qs(urlsplit(self.path).query).items()}
            shop.requests.append(query)
            trouble = shop.trouble()
            status, headers, body = _answer(shop, self, query)
            if trouble in ("500", "429"):
                status, headers, body = int(trouble), {"Retry-After": "0"} if trouble == "429" else {}, b"no"
            if trouble == "dropped":
                self.close_connection = True
                return
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            if trouble == "truncated":  # whole by its length, and yet no JSON
                body = body[: len(body) // 2]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if trouble == "half" else body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shop.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield shop
        finally:
            server.shutdown()
            thread.join()
