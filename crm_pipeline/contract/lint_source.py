"""What a lint rule sees of a `.sql` text, and what it reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import Token, TokenType, exp


@dataclass(frozen=True)
class Finding:
    """One thing wrong: the rule's name, what to do about it, and the line (from 1)."""

    rule: str
    message: str
    line: int


@dataclass(frozen=True)
class Source:
    """A parsed query with its text, its tokens, and the columns that identify a row of the table it makes."""

    sql: str
    tree: exp.Query
    tokens: tuple[Token, ...]
    grain: tuple[str, ...] = ()

    def calls(self) -> Iterator[tuple[str, Token]]:
        """Yield the functions that are called: each name before an opening parenthesis, lower case, and its token."""
        for token, following in zip(self.tokens, self.tokens[1:], strict=False):
            if following.token_type == TokenType.L_PAREN and token.token_type != TokenType.STRING:
                yield token.text.lower(), token


def line_of(node: exp.Expr) -> int:
    """The line of a node: that of the first name inside it, or else of the nearest around it; only names note one."""
    for inner in node.dfs():
        if "line" in inner.meta:
            return int(inner.meta["line"])
    outer = node.parent
    while outer is not None:
        lines = [int(inner.meta["line"]) for inner in outer.dfs() if "line" in inner.meta]
        if lines:
            return min(lines)
        outer = outer.parent
    return 1
