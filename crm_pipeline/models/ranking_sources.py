"""The list of each source of candidates alone, by its own measure: what the learned order of all of them must beat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.item_similarity import FloatArray
from crm_pipeline.models.ranking import best_rows
from crm_pipeline.models.ranking_candidates import OWN, POPULAR, SIMILAR, Candidates, own_weights, popular_products


def source_lists(candidates: Candidates, k: int = 10) -> pd.DataFrame:
    """The first k candidates of each customer and source.

    Own products go by recency-weighted frequency (ties: the later order), similar ones by similarity, popular ones by
    the orders of the last 30 days. A new product that is similar and popular is on both lists.

    Args:
        candidates: from `generate_candidates`.
        k: length of the lists, at most the settings' counts.

    Returns:
        customer_id, source (of SOURCES), rank (from 1), product_id; by source, customer and rank.
    """
    history, is_new = candidates.history, candidates.is_new
    place = np.empty(len(history.products))
    place[popular_products(history, len(place))] = np.arange(len(place))
    measures: dict[str, tuple[npt.NDArray[np.bool_], FloatArray]] = {
        OWN: (~is_new, _own_scores(candidates)),
        SIMILAR: (candidates.similarity > 0, candidates.similarity.astype(np.float64)),
        POPULAR: (is_new, -place[candidates.product]),
    }
    found = []
    for source, (is_listed, score) in measures.items():
        mine = candidates.where(is_listed)
        rows, rank = best_rows(mine, score[is_listed], k)
        found.append(
            pd.DataFrame(
                {
                    "customer_id": history.customers["customer_id"].to_numpy()[mine.customer[rows]],
                    "source": source,
                    "rank": rank + 1,
                    "product_id": history.products["product_id"].to_numpy()[mine.product[rows]],
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def _own_scores(candidates: Candidates) -> FloatArray:
    """(candidates,) weight of own products, and a little for the later order; 0 for new ones."""
    is_own = ~candidates.is_new
    bought = candidates.history.interactions.take(candidates.interaction[is_own])
    scores = np.zeros(len(is_own))
    later = 1 / (4 + bought["days_since_last_ordered"].to_numpy(dtype=np.float64))
    scores[is_own] = own_weights(bought) + later
    return scores
