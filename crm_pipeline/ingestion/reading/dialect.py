"""Finds how a delimited text is written from its first lines."""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.ingestion.reading.records import Dialect, Record, RecordParser

COMMON = (b",", b";", b"\t", b"|")
SAMPLE_LINES = 200
_NEVER = set(b"\"'_.-+/ \r\n\0")


def find_delimiter(lines: Sequence[bytes], quote: bytes, escape: bytes, comment: bytes) -> bytes:
    """The byte that splits the header into most fields and the lines after it into as many.

    A usual delimiter (comma, semicolon, tab, bar) that splits the header at all goes before any other character.

    Args:
        lines: from the header on, with their ends; empty lines and comments may be among them.
    """
    header = next((line for line in lines if line.strip()), b"")
    usual = [mark for mark in COMMON if mark in header]
    scores = {mark: _score(lines, Dialect(mark, quote, escape, comment)) for mark in usual}
    best = max(usual, key=lambda mark: scores[mark], default=None)
    if best is not None and scores[best][1] > 1:
        return best
    others = sorted({bytes([octet]) for octet in header if octet < 0x80 and not chr(octet).isalnum()} - set(usual))
    others = [mark for mark in others if mark[0] not in _NEVER]
    scores = {mark: _score(lines, Dialect(mark, quote, escape, comment)) for mark in (*others, b" ")}
    likely = [mark for mark in (*others, b" ") if scores[mark][0] and scores[mark][1] > 1 and scores[mark][3] > 0]
    # Lines that are all broken say nothing, but a header of names does.
    likely = likely or [mark for mark in others if scores[mark][1] > 2 and _all_names(header, mark)]
    return max(likely, key=lambda mark: (mark != b" ", scores[mark]), default=b",")


def _all_names(header: bytes, mark: bytes) -> bool:
    """Whether what a mark splits a header into are all words."""
    fields = header.decode(errors="replace").strip().split(mark.decode())
    return all(field.replace("_", "").replace(" ", "").isalnum() for field in fields)


def _score(lines: Sequence[bytes], dialect: Dialect) -> tuple[bool, int, float, int]:
    """Whether most lines have as many fields as the header, how many these are, what share, and of how many lines."""
    parser = RecordParser(dialect, None)
    counts: list[int] = []
    at = 0
    while at < min(len(lines), SAMPLE_LINES):
        found = parser.next(lines, at, True)
        if isinstance(found, Record):
            counts.append(len(found.fields))
        at += found.line_count
    if not counts:
        return False, 0, 0.0, 0
    same = sum(count == counts[0] for count in counts[1:])
    share = same / len(counts[1:]) if len(counts) > 1 else 1.0
    return share >= 0.6, counts[0], share, len(counts) - 1


def looks_like_data(fields: Sequence[str]) -> bool:
    """Whether a first line is more likely values than names: a number or a date stands in it."""
    return any(
        field.strip() and field.strip()[0].isdigit() and sum(map(str.isdigit, field)) * 2 >= len(field.strip())
        for field in fields
    )
