"""Words for clusters: what sets each apart from the average customer, told by the names of its features."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crm_pipeline.models.clustering_scaling import FloatArray

NOTABLE = 0.4  # robust standard deviations from the average customer
WORDS = 2


@dataclass(frozen=True)
class Concept:
    """A side of customer behaviour: the features that show it, and the words for much and for little of it."""

    pattern: str
    high: str
    low: str


# The first concept whose pattern is found in a feature's name takes the feature.
CONCEPTS = (
    Concept(r"discount|coupon|promo|markdown", "price-sensitive", "full-price"),
    Concept(r"return|refund", "often returning goods", "rarely returning goods"),
    Concept(r"trend|growth|change|expected|probability_alive", "potential", "declining"),
    Concept(r"days_since|since_last|last_days_ago", "dormant", "recent"),
    Concept(r"new_|novel|explor|divers|entropy|categor", "novelty-seeking", "habitual"),
    Concept(r"^T$|^recency$|tenure|first_days_ago|_age", "long-standing", "new"),
    Concept(r"gap|interval", "infrequent", "frequent"),
    Concept(r"basket|line_count|quantity", "large-basket", "small-basket"),
    Concept(r"spend|monetary|value|amount|revenue|clv", "high-value", "low-value"),
    Concept(r"frequency|order|visit|active|session|purchase|product_count", "active", "occasional"),
)


def cluster_labels(
    names: Sequence[str], centers: FloatArray, shares: FloatArray, earlier: Sequence[str | None]
) -> tuple[str, ...]:
    """A unique label per cluster from its scaled centre.

    centers: shape (clusters, features), in robust standard deviations; shares: of customers, shape (clusters,).
    earlier: the label of each cluster at the snapshot before, which stays as long as every word of it is still true.
    """
    phrases, scores = _concept_scores(names, centers - shares @ centers)
    order = np.argsort(-np.abs(scores), axis=1, kind="stable")
    labels: dict[int, str] = {}
    for cluster, label in enumerate(earlier):
        if label and label not in labels.values() and _still_true(label, phrases, scores[cluster]):
            labels[cluster] = label
    strongest_first = np.argsort(-np.abs(scores).max(axis=1), kind="stable").tolist()
    for cluster in (cluster for cluster in strongest_first if cluster not in labels):
        words = [
            (phrases[concept][0 if scores[cluster, concept] > 0 else 1], abs(scores[cluster, concept]))
            for concept in order[cluster]
        ]
        words = [(word, score) for word, score in words if word]
        length = min(WORDS, sum(score >= NOTABLE for _, score in words))
        candidates = [", ".join(word for word, _ in words[:end]) for end in range(length, len(words) + 1)]
        if length == 0:
            candidates = ["average"]
        free = [label for label in candidates if label not in labels.values()]
        labels[cluster] = free[0] if free else _numbered(candidates[0], set(labels.values()))
    return tuple(labels[cluster] for cluster in range(len(centers)))


def _concept_scores(names: Sequence[str], deviations: FloatArray) -> tuple[list[tuple[str, str]], FloatArray]:
    """Words (much, little) and mean deviation per concept, shape (clusters, concepts); other features are their own."""
    members: dict[tuple[str, str], list[int]] = {}
    for position, name in enumerate(names):
        concept = next((concept for concept in CONCEPTS if re.search(concept.pattern, name)), None)
        plain = name.replace("_", " ")
        words = (concept.high, concept.low) if concept else (f"high {plain}", f"low {plain}")
        members.setdefault(words, []).append(position)
    phrases = list(members)
    scores = np.column_stack([deviations[:, positions].mean(axis=1) for positions in members.values()])
    dormant, value = ("dormant", "recent"), ("high-value", "low-value")
    if ("potential", "declining") not in members and dormant in members and value in members:
        # Without a trend, potential is to have come lately and to have spent little so far.
        promise = np.minimum(-scores[:, phrases.index(dormant)], -scores[:, phrases.index(value)])
        phrases.append(("potential", ""))
        scores = np.column_stack([scores, np.maximum(promise, 0.0)])
    return phrases, scores


def _still_true(label: str, phrases: Sequence[tuple[str, str]], scores: FloatArray) -> bool:
    """Whether each word of an earlier label is still at least half as notable as a new word must be."""
    signed = {words[0]: score for words, score in zip(phrases, scores, strict=True)}
    signed |= {words[1]: -score for words, score in zip(phrases, scores, strict=True)}
    return all(signed.get(word, 0.0) >= NOTABLE / 2 for word in label.split(", "))


def _numbered(label: str, taken: set[str]) -> str:
    number = 2
    while f"{label} ({number})" in taken:
        number += 1
    return f"{label} ({number})"
