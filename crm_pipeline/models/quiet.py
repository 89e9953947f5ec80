"""Fits by a library that changes what belongs to the whole process."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import numpy as np

_fitting = RLock()


@contextmanager
def quiet_lifetimes() -> Iterator[None]:
    """For fits by lifetimes, one at a time: it sets global warning filters and prints its failures."""
    with _fitting, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
