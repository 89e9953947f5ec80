"""Requests to a REST service: who asks, what is tried again and for how long, and what an answer must be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
from requests.auth import HTTPBasicAuth

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors.secrets import Secrets
from crm_pipeline.ingestion.connectors.settings import OAuth, RestExtract
from crm_pipeline.ingestion.reading.flatten import NotARecordError, parse_line

TRIED_AGAIN = {408, 425, 429, 500, 502, 503, 504}
LONGEST_WAIT_SECONDS = 300.0
LONGEST_BACKOFF_SECONDS = 60.0
AUTHORIZATION_STATUS = (401, 403, 407)


def pause(seconds: float) -> None:
    """Wait before another try."""
    time.sleep(seconds)


class TryAgainError(Exception):
    """An answer that another try may mend; ``wait_seconds`` where the service says how long to wait."""

    def __init__(self, what: str, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


class Service:
    """One REST service. Secrets go to its own address only: redirects and pages elsewhere are refused."""

    def __init__(self, source_name: str, settings: RestExtract, secrets: Secrets) -> None:
        self.where = f"sources.{source_name}.extract.rest"
        self.settings = settings
        self.url = secrets.resolve(settings.url, in_url=True).get_secret_value()
        self._session = requests.Session()
        self._session.headers.update(secrets.resolve_all(settings.headers) | {"Accept": "application/json"})
        self._params: dict[str, Any] = secrets.resolve_all(settings.params)
        self._secrets = secrets
        self._authorize()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def _authorize(self) -> None:
        auth = self.settings.auth
        if auth is None:
            return
        if auth.bearer is not None:
            self._session.headers["Authorization"] = f"Bearer {self._value(auth.bearer)}"
        elif auth.header is not None:
            self._session.headers.update(self._secrets.resolve_all(auth.header))
        elif auth.param is not None:
            self._params |= self._secrets.resolve_all(auth.param)
        elif auth.oauth is not None:
            self._session.headers["Authorization"] = f"Bearer {self._token(auth.oauth)}"
        elif auth.user is not None and auth.password is not None:
            self._session.auth = HTTPBasicAuth(self._value(auth.user), self._value(auth.password))

    def _value(self, text: str) -> str:
        return self._secrets.resolve(text).get_secret_value()

    def _token(self, oauth: OAuth) -> str:
        form = {"grant_type": "client_credentials", "scope": oauth.scope}
        url = self._secrets.resolve(oauth.token_url, in_url=True).get_secret_value()
        who = HTTPBasicAuth(self._value(oauth.client_id), self._value(oauth.client_secret))
        body, _ = self._answer(lambda: self._session.post(url, data=form, auth=who, **self._how))
        if not isinstance(body, Mapping) or not isinstance(body.get("access_token"), str):
            raise CrmError(f"{self.where}: the answer of `token_url` has no access_token")
        return self._secrets.keep(body["access_token"])

    @property
    def _how(self) -> dict[str, Any]:
        return {"timeout": self.settings.timeout_seconds, "allow_redirects": False}

    def get(self, params: Mapping[str, Any], url: str | None = None) -> tuple[Any, requests.Response]:
        """The JSON of one page (numbers as their text) and its answer; ``url`` is another page of the same service.

        UserError for what the settings can mend, CrmError when the service fails for longer than the retries last.
        """
        target = self.url if url is None else self._same_service(url)
        wanted = {**self._params, **params} if url is None else self._not_in(target)
        return self._answer(lambda: self._session.get(target, params=wanted, **self._how))

    def _same_service(self, url: str) -> str:
        found = urljoin(self.url, url)
        if urlsplit(found)[:2] != urlsplit(self.url)[:2]:
            raise UserError(
                f"{self.where}: the next page lies on {urlsplit(found).netloc}, which gets none of our secrets"
            )
        return found

    def _not_in(self, url: str) -> dict[str, Any]:
        """Of a secret that is a parameter, the address of a next page may or may not have it."""
        names = {pair.partition("=")[0] for pair in urlsplit(url).query.split("&")}
        auth = self.settings.auth
        own = auth.param if auth is not None and auth.param is not None else {}
        return {name: self._params[name] for name in own if name not in names}

    def _answer(self, send: Callable[[], requests.Response]) -> tuple[Any, requests.Response]:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgainError),
            stop=tenacity.stop_after_attempt(self.settings.retries + 1),
            wait=_wait,
            sleep=lambda seconds: pause(seconds),
        )
        try:
            return retrying(self._once, send)
        except tenacity.RetryError as error:
            last = error.last_attempt.exception()
        raise CrmError(
            f"{self.where}: the service failed {self.settings.retries + 1} times, at last with {last}; "
            "what was landed before stays, and the next run asks again"
        )

    def _once(self, send: Callable[[], requests.Response]) -> tuple[Any, requests.Response]:
        try:
            answer = send()
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise TryAgainError(f"a broken connection ({type(error).__name__})") from None
        except requests.exceptions.ContentDecodingError:
            raise TryAgainError("an answer that cannot be unpacked") from None
        except (requests.RequestException, ValueError) as error:
            raise UserError(f"{self.where}: the request cannot be made ({type(error).__name__}); check `url`") from None
        self._check_status(answer)
        try:
            return parse_line(answer.content), answer
        except NotARecordError as error:
            raise TryAgainError(f"an answer that is {error}") from None

    def _check_status(self, answer: requests.Response) -> None:
        status = answer.status_code
        if status in TRIED_AGAIN:
            raise TryAgainError(f"status {status}", _retry_after(answer.headers.get("Retry-After")))
        if status in AUTHORIZATION_STATUS:
            raise UserError(f"{self.where}: the service refused who asks (status {status}); correct `auth`")
        if 300 <= status < 400:
            place = urlsplit(answer.headers.get("Location", "")).netloc or "another path"
            raise UserError(f"{self.where}: the service sends us on to {place} (status {status}); write that `url`")
        if status >= 400:
            raise UserError(f"{self.where}: the service did not accept the request (status {status}); check `url`")


def _retry_after(text: str | None) -> float | None:
    """Seconds to wait by a `Retry-After` header: a number, or a date."""
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _wait(state: tenacity.RetryCallState) -> float:
    """What the service asks for, within limits; else twice as long each time, a little apart from others."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.wait_seconds if isinstance(error, TryAgainError) else None
    if asked is not None:
        return min(asked, LONGEST_WAIT_SECONDS)
    return min(0.5 * 2.0 ** (state.attempt_number - 1), LONGEST_BACKOFF_SECONDS) * random.uniform(0.75, 1.25)
