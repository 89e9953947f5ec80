"""Words that stand where nothing is known, such as `n/a`: they are values until `read: {nulls: [...]}` names them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from crm_pipeline.counting import agreeing, counted

if TYPE_CHECKING:
    import pyarrow as pa

    from crm_pipeline.onboarding.columns import ColumnLook
    from crm_pipeline.onboarding.typed import TypedSource

SURE = frozenset((
    "n/a", "#n/a", "#na", "n.a.", "n/d", "null", "(null)", "<null>", "[null]", "nan", "\\n", "k.a.", "k. a.",
    "keine angabe", "nicht angegeben", "non renseigné", "sin datos", "未填写",
))  # fmt: skip
"""These mean nothing else, in small letters."""
DOUBTFUL = frozenset((
    "na", "none", "nil", "-", "--", "---", "?", "missing", "unknown", "unbekannt", "inconnu", "desconocido", "nieznany",
    "brak", "未知", "无",
))  # fmt: skip
"""These may be a value among texts (a country, a kind of discount), and mean nothing else among numbers and dates."""


def words_among(values: Iterable[str], known: Set[str]) -> dict[str, int]:
    """How often each of the known words occurs, by its spelling."""
    return dict(Counter(value for value in values if value.lower() in known))


def nulls_of(looks: Sequence[ColumnLook], used: Set[str]) -> dict[str, list[str]]:
    """The `read` setting that a file needs for the words in the columns that are mapped; {} for none."""
    found = {word for look in looks if look.name in used for word in look.missing_words}
    return {"nulls": sorted(found)} if found else {}


def as_setting(words: Iterable[str]) -> str:
    """The setting as it stands in crm.yaml."""
    return f"read: {{nulls: [{', '.join(json.dumps(word, ensure_ascii=False) for word in sorted(words))}]}}"


def unnamed_words(source: TypedSource) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Entity column, file column and the words in it (with their counts) that the source does not name as missing."""
    types = {column.name: column.type for column in source.entity.columns}
    named = {word.strip() for word in source.source.read.nulls}
    for target, mapping in source.source.columns.items():
        if mapping.column is None:
            continue
        known = SURE if types.get(target, "varchar") == "varchar" else SURE | DOUBTFUL
        total: Counter[str] = Counter()
        for sample in source.samples:
            names = {name.lower(): name for name in sample.rows.column_names}
            name = names.get(mapping.column.lower())
            if name is not None:  # an optional column that this file does not have
                total.update(_counts(sample.rows.column(name), known))
        left = {word: count for word, count in total.items() if word not in named}
        if left:
            yield target, mapping.column, left


def _counts(values: pa.ChunkedArray, known: Set[str]) -> Mapping[str, int]:
    """How often each known word occurs in a column of texts, by its spelling without blanks around it."""
    import pyarrow as pa
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(values.cast(pa.string()))
    is_word = compute.is_in(compute.utf8_lower(texts), value_set=pa.array(sorted(known)))
    return words_among(texts.filter(is_word).to_pylist(), known)


def said(target: str, column: str, words: Mapping[str, int], *, is_text: bool) -> str:
    """The finding in words."""
    rows = sum(words.values())
    shown = ", ".join(f"`{word}`" for word in sorted(words))
    effect = f"{agreeing(rows, 'counts', 'count')} as a value" if is_text else "cannot be read"
    return (
        f"{shown} in {counted(rows, 'row')} of {column!r} ({target}) {effect}; "
        f"if it means that nothing is known, say so: {as_setting(words)}"
    )
