"""What was learned about a set of records: a plain value that JSON keeps."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from crm_pipeline.models.identity.blocking import Rule
from crm_pipeline.models.identity.levels import Comparison, comparisons_of
from crm_pipeline.models.identity.settings import IdentitySettings


@dataclass(frozen=True)
class Frequencies:
    """How often values of a column occur among strangers.

    Attributes:
        frequent: log2 of (agreement of strangers by chance / share of strangers with this value), by value.
        other: the same for every other value.
    """

    frequent: dict[str, float]
    other: float


@dataclass(frozen=True)
class IdentityModel:
    """Everything that scoring a pair of records takes.

    It holds personal values (frequent names, addresses of many people), so it belongs where personal data is kept.

    Attributes:
        columns: that are compared.
        same: by column, the share of pairs of the same unit at each level, by level number less one (missing has none).
        chance: by column, the same for strangers.
        relations: by relation of two records, its share among all pairs of records.
        rules: which pairs are looked at.
        frequencies: by column.
        shared_values: by column, values of so many people that they identify no one.
        threshold: a pair is linked from this probability.
        precision, recall: expected at the threshold among the pairs that were looked at.
        coverage: expected share of true pairs that some rule looks at.
        records: that the model was trained on.
    """

    settings: IdentitySettings
    columns: tuple[str, ...] = ()
    same: dict[str, tuple[float, ...]] = field(default_factory=dict)
    chance: dict[str, tuple[float, ...]] = field(default_factory=dict)
    relations: dict[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    frequencies: dict[str, Frequencies] = field(default_factory=dict)
    shared_values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    threshold: float = 1.0
    precision: float = 1.0
    recall: float = 1.0
    coverage: float = 1.0
    records: int = 0

    @property
    def has_matching(self) -> bool:
        """Whether any two records could be found to be one."""
        return bool(self.columns and self.rules)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """How the columns are compared."""
        return comparisons_of(self.columns, self.settings.unit)

    def to_json(self) -> str:
        """The model as text, the same for the same model."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> IdentityModel:
        """The model that `to_json` wrote."""
        stored = json.loads(text)
        stored["settings"] = IdentitySettings(**stored["settings"])
        stored["rules"] = tuple(
            Rule(tuple(rule["keys"]), tuple(rule["too_common"]), rule["pairs"]) for rule in stored["rules"]
        )
        stored["frequencies"] = {column: Frequencies(**each) for column, each in stored["frequencies"].items()}
        stored["columns"] = tuple(stored["columns"])
        for name in ("same", "chance", "shared_values"):
            stored[name] = {column: tuple(values) for column, values in stored[name].items()}
        return cls(**stored)
