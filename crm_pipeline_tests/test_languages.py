"""Whatever language a project speaks: every reason, sign, label and page has words in it."""

from __future__ import annotations

import re
from string import Formatter
from typing import get_args

import pytest

from crm_pipeline.features.customer_outliers import FEATURES, SENTENCE
from crm_pipeline.features.customer_outliers import reason as outlier_reason
from crm_pipeline.models import ranking_reasons
from crm_pipeline.models.clustering import ALL_CUSTOMERS
from crm_pipeline.models.clustering_hdbscan import NOT_OUTLIERS, OUTLIERS
from crm_pipeline.models.clustering_labels import CONCEPTS
from crm_pipeline.models.reasons import reason_text
from crm_pipeline.models.suspicion import CODES, RULES, reason_words
from crm_pipeline.project import Project
from crm_pipeline.quality.page_words import DIMENSION_NAMES, MEASURES, UNITS, WORDS
from crm_pipeline.report.wording import LANGUAGES, Wording

SPOKEN = get_args(Project.model_fields["language"].annotation)


def test_the_report_speaks_the_languages_of_projects() -> None:
    assert set(SPOKEN) == set(LANGUAGES) == {"en", "de", "zh"}


@pytest.mark.parametrize("language", SPOKEN)
def test_every_stored_reason_has_words(language: str) -> None:
    assert all(reason_words(code, 3.0, language) for code in CODES)
    assert all("{value}" in rule.words[language] for rule in RULES)
    assert all(outlier_reason(feature, 5.0, 1.0, 2.0, language) for feature in FEATURES)
    names = {name for _, name, _, _ in Formatter().parse(SENTENCE[language]) if name}
    assert names == {"name", "value", "lower", "upper"}
    for code in ranking_reasons.REASONS:
        given = [
            sorted(name for _, name, _, _ in Formatter().parse(ranking_reasons.WORDS[spoken][code]) if name)
            for spoken in ("en", language)
        ]
        assert given[0] == given[1]
    assert reason_text("days_since_last_order:raises", 3.0, language)
    assert all(language in words for words in (WORDS, DIMENSION_NAMES, UNITS, MEASURES))


@pytest.mark.parametrize(
    ("language", "label", "says"),
    [
        ("en", "dormant, low-value (2)", "dormant, low-value (2)"),
        ("zh", "dormant, low-value (2)", "沉睡、低价值 (2)"),
        ("de", "active, high-value", "aktiv, hoher Wert"),
        ("zh", "high shoe size", "high shoe size"),
        ("zh", "average", "普通"),
        ("zh", None, "\N{EN DASH}"),
    ],
)
def test_a_cluster_label_in_the_readers_language(language: str, label: str | None, says: str) -> None:
    assert Wording(language, "EUR").cluster(label) == says


def test_every_word_of_a_cluster_label_is_translated() -> None:
    words = {word for concept in CONCEPTS for word in (concept.high, concept.low)}
    for word in (*words, "average", ALL_CUSTOMERS, OUTLIERS, NOT_OUTLIERS):
        assert re.search(r"[\u4e00-\u9fff]", Wording("zh", "EUR").cluster(word)), word
        assert Wording("de", "EUR").cluster(word) != word
