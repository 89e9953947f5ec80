"""Secrets of connectors: `${VARIABLE}` in crm.yaml, the value only inside the connector, and never in a message.

This module and `definitions` alone read the environment: here only the variables that crm.yaml names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pydantic import SecretStr

from crm_pipeline.errors import UserError

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
SECRET_WORD = re.compile(
    r"passw|^pass$|secret|token|credential|authorization|api.?key|access.?key|account.?key|^key$|cookie", re.IGNORECASE
)
CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s@'\"]*:[^/\s'\"]*@")
HIDDEN = "***"
SHORTEST_TO_REPLACE = 4


def is_reference(text: str) -> bool:
    """Whether the text takes something from the environment."""
    return REFERENCE.search(text) is not None


def check_secret(text: str) -> str:
    """The text, unless it is a secret written out: then ValueError, which does not repeat it."""
    if not is_reference(text):
        raise ValueError("secrets are not written into crm.yaml; name an environment variable, as in ${SHOP_TOKEN}")
    return text


def check_url(text: str) -> str:
    """The URL, unless a password is written out in it: then ValueError, which does not repeat it."""
    if "://" not in text and not is_reference(text):
        raise ValueError("expected a URL such as postgresql://user:${PASSWORD}@host/database, or ${SHOP_URL}")
    credentials = CREDENTIALS_IN_URL.search(text)
    if credentials:
        _, _, password = credentials.group()[:-1].partition(":")
        if password and not is_reference(password):
            raise ValueError(
                "passwords are not written into crm.yaml; name an environment variable, as in "
                "postgresql://user:${PASSWORD}@host/database"
            )
    for pair in text.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if value and SECRET_WORD.search(name) and not is_reference(value):
            raise ValueError(
                f"the value of {name!r} looks like a secret; name an environment variable, as in ${{TOKEN}}"
            )
    return text


def check_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options, unless one that is named like a secret is written out; nested ones too."""
    for name, value in options.items():
        if isinstance(value, Mapping):
            check_options(value)
        elif isinstance(value, str) and SECRET_WORD.search(str(name)) and not is_reference(value):
            raise ValueError(f"{name!r} looks like a secret; name an environment variable, as in ${{TOKEN}}")
    return options


class Secrets:
    """What one source (or ``where`` in crm.yaml) takes from the environment, and how to keep it out of messages."""

    def __init__(
        self, source_name: str, environment: Mapping[str, str] | None = None, where: str | None = None
    ) -> None:
        self.source_name = source_name
        self.where = where or f"sources.{source_name}.extract"
        self._environment = os.environ if environment is None else environment
        self._values: list[SecretStr] = []

    def resolve(self, text: str, *, in_url: bool = False) -> SecretStr:
        """The text with its variables filled in; UserError that names a missing variable and the source.

        A variable that is only a part of a URL is percent-encoded, so that a password may hold any character.
        """
        whole = REFERENCE.fullmatch(text) is not None

        def value_of(match: re.Match[str]) -> str:
            found = self._environment.get(match.group(1))
            if not found:
                raise UserError(
                    f"{self.where}: the environment variable {match.group(1)} is "
                    f"{'empty' if found == '' else 'not set'}; set it before the run"
                )
            self._values.append(SecretStr(found))
            return quote(found, safe="") if in_url and not whole else found

        resolved = REFERENCE.sub(value_of, text)
        if in_url:
            password = urlsplit(resolved).password
            if password:
                self._values.append(SecretStr(unquote(password)))
        return SecretStr(resolved)

    def resolve_all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Options with their variables filled in, nested ones too."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Mapping):
                found[name] = self.resolve_all(value)
            else:
                found[name] = self.resolve(value).get_secret_value() if isinstance(value, str) else value
        return found

    def keep(self, value: str) -> str:
        """Note a secret that was handed out later, such as an access token."""
        self._values.append(SecretStr(value))
        return value

    def hidden(self, text: str) -> str:
        """The text without any secret, in whatever form it was written."""
        forms: set[str] = set()
        for secret in self._values:
            value = secret.get_secret_value()
            forms |= {value, quote(value, safe=""), quote_plus(value), quote(value), repr(value)[1:-1]}
        if any(form in text for form in forms if len(form) < SHORTEST_TO_REPLACE):
            return "no details, for they hold a secret"
        return CREDENTIALS_IN_URL.sub(f"{HIDDEN}@", _replaced(text, forms))


def _replaced(text: str, forms: Iterable[str]) -> str:
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text
