"""What the name of a file or column means: its words, in nine languages, as concepts such as `customer` and `id`."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

Concepts = frozenset[str]

LONGEST_COMPOUND = 40
SHORTEST_PART = 3
SHORT_ENDINGS = ("id", "nr", "no")
LINKS = ("", "s", "n", "en", "es", "e")
"""What German and Dutch put between the words of a compound."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
_PLAIN = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def plain(text: str) -> str:
    """Lower case without accents; `ß` is `ss`, full-width letters are plain ones."""
    lowered = unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN)
    return "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))


def _spellings(word: str) -> set[str]:
    lowered = unicodedata.normalize("NFC", word).casefold()
    return {plain(lowered), plain(lowered.translate(_UMLAUTS))}


@cache
def _entries() -> tuple[tuple[str, str, str], ...]:
    """Concept, language and plain spelling of every known word."""
    text = files("crm_pipeline.onboarding").joinpath("words.yaml").read_text(encoding="utf-8")
    return tuple(
        (concept, language, spelling)
        for concept, by_language in YAML(typ="safe").load(text).items()
        for language, words in by_language.items()
        for word in str(words).split()
        for spelling in sorted(_spellings(word))
    )


@cache
def dictionary() -> dict[str, Concepts]:
    """Every known word in plain spelling, and the concepts that it may stand for."""
    found: dict[str, set[str]] = {}
    for concept, _, word in _entries():
        found.setdefault(word, set()).add(concept)
    return {word: frozenset(meant) for word, meant in found.items()}


@cache
def languages() -> dict[str, frozenset[str]]:
    """Every known word in plain spelling, and the languages that it belongs to."""
    found: dict[str, set[str]] = {}
    for _, language, word in _entries():
        found.setdefault(word, set()).add(language)
    return {word: frozenset(known) for word, known in found.items()}


def split_name(name: str) -> list[str]:
    """The plain tokens of a name: split at everything that is no letter, and where `camelCase` has its humps."""
    humps = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", unicodedata.normalize("NFC", name))
    return [token for token in re.split(r"[\W\d_]+", plain(humps)) if token]


def words_of(token: str) -> tuple[str, ...]:
    """The known words that make up a token (`kundennummer`: kunden, nummer); nothing when a part of it is unknown."""
    if token in dictionary():
        return (token,)
    if len(token) > LONGEST_COMPOUND:
        return ()
    return _compound(token) or ()


@cache
def _compound(rest: str) -> tuple[str, ...] | None:
    """The split of a token into the fewest known words, or None."""
    best: tuple[str, ...] | None = None
    for end in range(len(rest), 0, -1):
        word = rest[:end]
        if word not in dictionary() or not _may_be_part(word, is_last=end == len(rest)):
            continue
        if end == len(rest):
            return (word,)
        for link in LINKS:
            tail = rest[end + len(link) :]
            if rest[end:].startswith(link) and tail:
                following = _compound(tail)
                if following is not None and (best is None or len(following) + 1 < len(best)):
                    best = (word, *following)
    return best


def _may_be_part(word: str, *, is_last: bool) -> bool:
    return not word.isascii() or len(word) >= SHORTEST_PART or (is_last and word in SHORT_ENDINGS)


def concepts(name: str) -> tuple[list[Concepts], int]:
    """The concepts of a name's words, one set per word in order, and how many of its tokens mean nothing to us."""
    found: list[Concepts] = []
    unknown = 0
    for token in split_name(name):
        parts = words_of(token)
        unknown += not parts
        found += [dictionary()[part] for part in parts]
    return found, unknown


def spoken(names: list[str]) -> dict[str, float]:
    """How much speaks for each language: words that only few languages share count most."""
    votes: dict[str, float] = {}
    for name in names:
        for token in split_name(name):
            for part in words_of(token):
                known = languages()[part]
                for language in known:
                    votes[language] = votes.get(language, 0.0) + 1 / len(known) ** 2
    return votes
