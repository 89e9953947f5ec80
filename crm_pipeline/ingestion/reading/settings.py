"""``read:`` of a source: how its files are written, where that cannot or should not be found from the files."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

READER_VERSION = 2
"""Raised when a reader makes another copy of the same file: kept copies are then made anew."""

Kind = Literal["csv", "json", "json_lines", "parquet", "excel", "log"]
_WORDS = {"tab": "\t", "space": " ", "\\t": "\t"}
_KEYS_OF: Mapping[str, tuple[Kind, ...]] = {
    **dict.fromkeys(("delimiter", "quote", "escape", "comment"), ("csv",)),
    **dict.fromkeys(("header", "skip_lines"), ("csv", "excel")),
    "encoding": ("csv", "json_lines", "log"),
    "sheet": ("excel",),
    "records": ("json", "json_lines"),
    "pattern": ("log",),
}


class ReadSettings(BaseModel):
    """How the files of one source are written; what is not given is found from each file.

    ``decimal``, ``thousands`` and ``nulls`` say what values mean and act in the mapping; all others act when a file is
    copied, and a change of them copies it anew.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind | None = None
    delimiter: str | None = None
    quote: str = '"'
    escape: str | None = None
    encoding: str | None = None
    header: bool | list[str] = True
    skip_lines: int = Field(default=0, ge=0)
    comment: str | None = None
    sheet: str | int | None = None
    pattern: str | None = None
    records: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: str | None = None
    nulls: list[str] = Field(default_factory=list)

    @field_validator("delimiter", "escape", "comment", mode="after")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = _WORDS.get(value, value)
        if len(value.encode()) != 1 or value in "\r\n\0":
            raise ValueError(f"expected one ASCII character (or `tab`), found {value!r}")
        return value

    @field_validator("quote", mode="after")
    @classmethod
    def _one_quote(cls, value: str) -> str:
        if value and (len(value.encode()) != 1 or value in "\r\n\0"):
            raise ValueError(f"expected one ASCII character, or nothing for files without quotes, found {value!r}")
        return value

    @field_validator("thousands", mode="after")
    @classmethod
    def _thousands(cls, value: str | None) -> str | None:
        value = _WORDS.get(value, value) if value is not None else None
        if value is not None and (len(value) != 1 or value.isdigit() or value in "+-eE"):
            raise ValueError(f"expected one character such as '.' or ' ', found {value!r}")
        return value

    @field_validator("nulls", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return ["" if item is None else str(item) for item in value] if isinstance(value, list) else value

    @field_validator("encoding", mode="after")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            name = codecs.lookup(value).name
            "".encode(name)
        except (LookupError, ValueError, TypeError):
            raise ValueError(f"{value!r} is not an encoding; usual ones are utf-8, cp1252, latin-1, utf-16") from None
        return name

    @field_validator("header", mode="after")
    @classmethod
    def _names(cls, value: bool | list[str]) -> bool | list[str]:
        if isinstance(value, list):
            if not value or any(not name.strip() for name in value):
                raise ValueError("expected true, false or a list of names")
            if len({name.strip().lower() for name in value}) < len(value):
                raise ValueError("two columns have the same name")
        return value

    @field_validator("pattern", mode="after")
    @classmethod
    def _named_groups(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            found = re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if not found.groupindex:
            raise ValueError("expected named groups, as in (?P<customer>[^ ]+)")
        if found.groups > len(found.groupindex):
            raise ValueError("all groups need a name; write (?:...) where none is wanted")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ReadSettings:
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError("`thousands` and `decimal` are the same character")
        if self.delimiter is not None and self.delimiter in (self.quote, self.escape, self.comment):
            raise ValueError("`delimiter` is also the quote, escape or comment character")
        if self.pattern is not None and self.kind not in (None, "log"):
            raise ValueError(f"`pattern` reads log lines, but `kind` is {self.kind}")
        if self.kind == "log" and self.pattern is None:
            raise ValueError("log lines need a `pattern` with named groups")
        return self

    def check_kind(self, kind: Kind) -> None:
        """ValueError when a key is given that means nothing for this kind of file."""
        for key in sorted(self.model_fields_set & _KEYS_OF.keys()):
            if kind not in _KEYS_OF[key]:
                raise ValueError(f"`{key}` means nothing for {kind.replace('_', ' ')} files")

    @property
    def copy_digest(self) -> str:
        """Names the settings that a copy depends on; empty for the default ones."""
        chosen = self.model_dump(exclude={"decimal", "thousands", "nulls"}, exclude_defaults=True)
        return sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:8] if chosen else ""


DEFAULT = ReadSettings()
