"""Pearson's and Spearman's correlation with intervals, the same for any order of rows.

Sources: Fisher (1921), "On the probable error of a coefficient of correlation", Metron 1, 3-32 (z transformation);
Bonett and Wright (2000), "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
Psychometrika 65 (1), 23-28 (its variance for ranks).
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

LEAST_ROWS = 4  # the interval divides by n - 3
TINY = 1e-12
"""What rounding leaves: of a constant's squares, as a share of those around zero; of a perfect coefficient, below 1."""
Z_95 = float(ndtri(0.975))


@dataclass(frozen=True)
class Correlation:
    """A coefficient, -1..1, and the ends of its 95 % interval; all None where it is not defined."""

    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Pair:
    """How two columns go together among the `count` rows that know both; first comes before second."""

    first: str
    second: str
    count: int
    pearson: Correlation
    spearman: Correlation


def correlations(columns: dict[str, FloatArray]) -> list[Pair]:
    """Every pair of columns, each of shape (n,), NaN where missing; in alphabetical order.

    Not defined below four rows that know both, or where one of the columns is constant among them.
    """
    names = sorted(columns)
    known = {name: ~np.isnan(columns[name]) for name in names}
    whole = {name: _Centred.of(columns[name]) for name in names if known[name].all()}
    return [_pair(first, second, columns, known, whole) for first, second in combinations(names, 2)]


@dataclass(frozen=True)
class _Centred:
    """Values and ranks less their means, each with its length; sums are exact, whatever the order of the rows."""

    values: FloatArray
    length: float
    ranks: FloatArray
    rank_length: float

    @classmethod
    def of(cls, values: FloatArray) -> "_Centred":
        return cls(*_centred(values), *_centred(np.asarray(pd.Series(values).rank(), dtype=np.float64)))


def _centred(values: FloatArray) -> tuple[FloatArray, float]:
    if not len(values):
        return values, 0.0
    apart = values - math.fsum(values) / len(values)
    squares = math.fsum(apart**2)
    return apart, math.sqrt(squares) if squares > TINY * math.fsum(values**2) else 0.0


def _pair(
    first: str,
    second: str,
    columns: dict[str, FloatArray],
    known: dict[str, NDArray[np.bool_]],
    whole: dict[str, _Centred],
) -> Pair:
    both = known[first] & known[second]
    count = int(both.sum())
    if first in whole and second in whole:
        x, y = whole[first], whole[second]
    else:
        x, y = _Centred.of(columns[first][both]), _Centred.of(columns[second][both])
    by_value = _coefficient(x.values, y.values, x.length * y.length)
    by_rank = _coefficient(x.ranks, y.ranks, x.rank_length * y.rank_length)
    rank_variance = 1 + (by_rank or 0.0) ** 2 / 2
    return Pair(first, second, count, _interval(by_value, count, 1.0), _interval(by_rank, count, rank_variance))


def _coefficient(x: FloatArray, y: FloatArray, lengths: float) -> float | None:
    if len(y) < LEAST_ROWS or lengths == 0:
        return None
    value = math.fsum(x * y) / lengths
    return value if abs(value) < 1 - TINY else math.copysign(1.0, value)  # rounding leaves a perfect one just short


def _interval(value: float | None, count: int, variance: float) -> Correlation:
    """The value with its interval on Fisher's scale; of a perfect one the value itself."""
    if value is None or abs(value) == 1:
        return Correlation(value, value, value)
    z, reach = math.atanh(value), Z_95 * math.sqrt(variance / (count - 3))
    return Correlation(value, math.tanh(z - reach), math.tanh(z + reach))
