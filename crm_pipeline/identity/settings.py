"""``identity`` of crm.yaml: what one customer is, how sure a match must be, whose word counts, what is decided."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from crm_pipeline.errors import UserError
from crm_pipeline.yaml_lines import closest

Unit = Literal["person", "household", "organisation"]
Survivorship = Literal["most_recent", "most_frequent", "longest", "source_priority"]
PERSONAL = (
    "full_name",
    "first_name",
    "last_name",
    "organisation",
    "email",
    "phone",
    "birth_date",
    "address",
    "street",
    "house_number",
    "address_2",
    "postcode",
    "city",
    "region",
    "country",
    "gender",
)
"""Columns of customers that records are matched by, and that golden records have."""
IDENTIFYING = PERSONAL[: PERSONAL.index("house_number")]
"""Without any of them there is nothing to match."""
SEPARATOR = "/"
"""Between source and key where a record is named: `accounts/W20027`."""

Pair = tuple[str, str]


def _pairs(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """One message, in the words of crm.yaml, for whatever stands there in place of pairs."""
    try:
        found = handler(value)
    except ValidationError:
        found = None
    if not found and found != ():
        raise ValueError(
            "expected pairs of records, such as [[accounts/W20027, members/AC001007]], or a CSV file's name"
        )
    return found


class IdentitySettings(BaseModel):
    """``identity``: how records of customers are matched.

    ``unit``: what one customer is. ``precision_goal``: share of the merged pairs that should be right (default: the
    matcher's). ``country``: two letters, for telephone numbers without a country code and for how dates are written.
    ``largest_cluster``: customers of more records are held for review. ``names_per_value``: an e-mail address or number
    of more people identifies nobody. ``source_priority``: sources whose word counts first, for golden records.
    ``survivorship``: per column which value stays (``default`` for all others). ``always`` and ``never``: pairs of
    records (``source/key``) that are, or are not, one customer: a list, or the name of a CSV file with two columns.
    ``retrain_share``: share of records that are new since the model was trained, from which it is trained again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: bool = False
    unit: Unit = "person"
    precision_goal: float | None = Field(default=None, ge=0.5, lt=1)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    largest_cluster: int = Field(default=30, ge=2, le=10_000)
    names_per_value: int = Field(default=5, ge=1, le=1_000)
    source_priority: tuple[str, ...] = ()
    survivorship: dict[str, Survivorship] = Field(default_factory=dict)
    always: Annotated[tuple[Pair, ...] | str, WrapValidator(_pairs)] = ()
    never: Annotated[tuple[Pair, ...] | str, WrapValidator(_pairs)] = ()
    retrain_share: float = Field(default=0.2, gt=0, le=10)

    def rule_of(self, column: str) -> Survivorship:
        """Which value of a column stays."""
        return self.survivorship.get(column, self.survivorship.get("default", "most_recent"))

    def check(self, sources: Collection[str]) -> None:
        """ValueError when a source or column is named that there is not; ``sources`` are those of customers."""
        for name in self.source_priority:
            if name not in sources:
                raise ValueError(
                    f"identity.source_priority: {name!r} is no source of customers{closest(name, sources)}"
                )
        for name in self.survivorship:
            if name not in (*PERSONAL, "default"):
                raise ValueError(
                    f"identity.survivorship.{name}: golden records have no column {name!r}"
                    f"{closest(name, (*PERSONAL, 'default'))}"
                )
        if "source_priority" in self.survivorship.values() and not self.source_priority:
            raise ValueError("identity.survivorship: source_priority needs identity.source_priority, a list of sources")
        for key in ("always", "never"):
            pairs = getattr(self, key)
            if not isinstance(pairs, str):
                for pair in pairs:
                    check_pair(pair, sources, f"identity.{key}", may_share_key=key == "always")
        if not isinstance(self.always, str) and not isinstance(self.never, str):
            _check_contradictions(self.always, {pair: "identity.never" for pair in self.never})


def check_pair(pair: Pair, sources: Collection[str], where: str, *, may_share_key: bool = True) -> None:
    """ValueError when a pair does not name two records as ``source/key``.

    Records with one key are always one customer, for sales know nothing but the key: who says that two of them are not
    (``may_share_key`` is False) is told so.
    """
    for record in pair:
        source, separator, key = record.partition(SEPARATOR)
        if not separator or not key:
            raise ValueError(f"{where}: {record!r} is no record; write source/key, such as accounts/W20027")
        if source not in sources:
            raise ValueError(f"{where}: {record!r}: {source!r} is no source of customers{closest(source, sources)}")
    if pair[0] == pair[1]:
        raise ValueError(f"{where}: {pair[0]!r} stands on both sides")
    if not may_share_key and len({record.partition(SEPARATOR)[2] for record in pair}) == 1:
        raise ValueError(
            f"{where}: {pair[0]} and {pair[1]} have one key, which always means one customer; give one of the sources "
            "customer_keys of its own in crm.yaml"
        )


def _check_contradictions(always: Collection[Pair], never: Mapping[Pair, str]) -> None:
    """ValueError where a pair stands in both lists, with the place that ``never`` has for it."""
    stated = {(min(pair), max(pair)) for pair in always}
    for pair, where in never.items():
        if (min(pair), max(pair)) in stated:
            raise ValueError(f"{where}: {pair[0]!r} and {pair[1]!r} stand in identity.always as well; keep one of them")


def listed_pairs(settings: IdentitySettings, folder: Path, sources: Collection[str]) -> Mapping[str, tuple[Pair, ...]]:
    """The pairs of ``always`` and ``never``, from crm.yaml or from the files that it names; UserError with the line."""
    found = {
        key: _read(folder / pairs, sources, key)
        if isinstance(pairs, str)
        else {pair: f"{folder / 'crm.yaml'}: identity.{key}" for pair in pairs}
        for key, pairs in (("always", settings.always), ("never", settings.never))
    }
    try:
        _check_contradictions(found["always"], found["never"])
    except ValueError as error:
        raise UserError(str(error)) from None
    return {key: tuple(pairs) for key, pairs in found.items()}


def _read(path: Path, sources: Collection[str], key: str) -> dict[Pair, str]:
    """The pairs of a CSV file, each with the line where it stands."""
    if not path.is_file():
        raise UserError(
            f"{path}: not there; identity.{key} of crm.yaml names it. Write two records a line: source/key,source/key"
        )
    found: dict[Pair, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            for values in lines:
                number = lines.line_num
                row = [value.strip() for value in values]
                if not any(row) or (number == 1 and SEPARATOR not in "".join(row)):  # an empty line, or the header
                    continue
                if len(row) != 2:
                    raise UserError(
                        f"{path}, line {number}: expected two records, source/key,source/key; found {len(row)} values"
                    )
                pair = (row[0], row[1])
                try:
                    check_pair(pair, sources, f"{path}, line {number}", may_share_key=key == "always")
                except ValueError as error:
                    problem = str(error)
                else:
                    found.setdefault(pair, f"{path}, line {number}")
                    continue
                raise UserError(problem)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as a CSV file in UTF-8 ({error})") from None
    return found
