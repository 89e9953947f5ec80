"""Counts in sentences: 1 row, 2 rows, 1,200 rows."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number and its noun, in the plural unless it is one: only nouns that take an `s`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def said_of(number: int, noun: str, one: str, several: str) -> str:
    """The number, its noun and the form of the verb that goes with it: 1 row is, 2 rows are."""
    return f"{counted(number, noun)} {agreeing(number, one, several)}"


def agreeing(number: int, one: str, several: str) -> str:
    """The form of a word, such as `is` or `are`, that goes with a number of things."""
    return one if number == 1 else several
