"""Which customers a clustering is fitted on: the same ones in whatever order they come."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def by_hash(customer_ids: "pd.Series[str]") -> NDArray[np.intp]:
    """Positions in the order of a fixed hash of the id: a sample that rows may be shuffled under."""
    text = customer_ids.astype(str).to_numpy(dtype=object)
    return np.lexsort((text, pd.util.hash_array(text, categorize=False)))


def check_ids(frame: pd.DataFrame) -> None:
    """Raises ValueError when customer_id is absent, missing or repeated."""
    if "customer_id" not in frame.columns:
        raise ValueError(f"column 'customer_id' is missing; there are: {', '.join(map(str, frame.columns))}")
    if frame["customer_id"].isna().any():
        raise ValueError(f"{int(frame['customer_id'].isna().sum())} customers have no customer_id")
    if frame["customer_id"].duplicated().any():
        raise ValueError(f"{int(frame['customer_id'].duplicated().sum())} rows repeat a customer_id")


def feature_names(frame: pd.DataFrame) -> list[str]:
    """Every column but customer_id, in alphabetical order. ValueError without any, or without customers."""
    check_ids(frame)
    names = sorted(str(name) for name in frame.columns if name != "customer_id")
    if not names:
        raise ValueError("there are no features beside customer_id")
    if len(frame) == 0:
        raise ValueError("cannot cluster no customers")
    return names
