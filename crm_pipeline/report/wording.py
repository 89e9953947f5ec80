"""Numbers and sentences in the reader's language; every number keeps the cell that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

from crm_pipeline.models.reasons import feature_name, reason_text
from crm_pipeline.report.cells import Cell, plain
from crm_pipeline.report.customer_words_de import WORDS as CUSTOMER_DE
from crm_pipeline.report.customer_words_en import WORDS as CUSTOMER_EN
from crm_pipeline.report.customer_words_zh import WORDS as CUSTOMER_ZH
from crm_pipeline.report.state_words import STATE_WORDS
from crm_pipeline.report.words_de import WORDS as DE
from crm_pipeline.report.words_en import WORDS as EN
from crm_pipeline.report.words_zh import WORDS as ZH

if TYPE_CHECKING:
    from markupsafe import Markup

    from crm_pipeline.report.svg import Shown

Language = Literal["en", "zh", "de"]
WORDS: dict[str, dict[str, str]] = {
    language: words | STATE_WORDS[language]
    for language, words in (("en", EN | CUSTOMER_EN), ("zh", ZH | CUSTOMER_ZH), ("de", DE | CUSTOMER_DE))
}
LANGUAGES = tuple(WORDS)
MISSING = "\N{EN DASH}"


@dataclass(frozen=True)
class Wording:
    """How one page speaks: ``language`` of WORDS, ``currency`` of the project."""

    language: str
    currency: str

    def __call__(self, key: str) -> str:
        """The words of a key."""
        return WORDS[self.language][key]

    def has(self, key: str) -> bool:
        """Whether there are words for a key."""
        return key in WORDS[self.language]

    def name(self, family: str, code: Any) -> str:
        """The name of a code such as a segment; codes without one are shown as they are."""
        return WORDS[self.language].get(f"{family}.{code}", str(code).replace("_", " "))

    def cluster(self, label: str | None) -> str:
        """A cluster's label, which tables hold in English: each of its words; others stay as they are."""
        if label is None:
            return MISSING
        plain_label, bracket, number = label.partition(" (")
        words = (self.name("cluster", word) for word in plain_label.split(", "))
        return self("cluster.separator").join(words) + bracket + number

    def text(self, cell: Cell) -> str:
        """A cell as a reader sees it."""
        if cell.value is None:
            return MISSING
        if cell.kind == "text":
            return str(cell.value)
        if cell.kind in ("day", "month"):
            pattern = "%Y-%m" if cell.kind == "month" else "%Y-%m-%d"
            return cell.value.strftime(pattern) if isinstance(cell.value, date | datetime) else str(cell.value)
        return self.number(float(cell.value), cell.kind)

    def number(self, value: float, kind: str, digits: int = 0) -> str:
        """A number of some kind, with so many more ``digits`` than usual (kinds that axes are written in)."""
        write: dict[str, Callable[[float], str]] = {
            "count": lambda v: f"{v:,.0f}",
            "signed": lambda v: f"{v:+,.0f}",
            "money": lambda v: f"{v:,.0f} {self.currency}" if abs(v) >= 100 else f"{v:,.2f} {self.currency}",
            "share": lambda v: _percent(v),
            "change": lambda v: f"{100 * v:+,.1f} %",
            "ratio": lambda v: f"{v:,.1f}",
            "decimal": lambda v: f"{v:,.3f}",
            "fine": lambda v: f"{v:,.{4 + digits}g}",
            "points": lambda v: f"{100 * v:+.1f}",
            "signed_ratio": lambda v: f"{v:+.1f}",
            "compact": lambda v: compact(v, digits),
            "percent": lambda v: f"{100 * v:.{digits}f}",
        }
        text = write[kind](value).replace("-", "\N{MINUS SIGN}")
        if self.language == "zh":
            return text.replace(" %", "%")
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text

    def shown(self, kind: str) -> Shown:
        """How charts write a value of some kind."""
        return lambda value, digits=0: self.number(value, kind, digits)

    def html(self, cell: Cell, text: str | None = None) -> Markup:
        """The cell as an element that says in its attributes exactly what it is and where it comes from.

        ``text``: what a reader sees instead of the value itself, such as the name of a code.
        """
        from markupsafe import Markup

        return Markup('<data value="{}" data-query="{}" data-row="{}" data-column="{}">{}</data>').format(
            plain(cell.value), cell.query, cell.row, cell.column, self.text(cell) if text is None else text
        )

    def say(self, key: str, **given: Cell | str) -> Markup:
        """The sentence of a key with its parameters filled in, everything escaped."""
        from markupsafe import Markup, escape

        parts: list[Markup] = []
        for text, name, _, _ in Formatter().parse(self(key)):
            parts.append(escape(text))
            if name is not None:
                value = given[name]
                parts.append(self.html(value) if isinstance(value, Cell) else escape(value))
        return Markup("").join(parts)

    def spoken(self, key: str, **given: Cell | str) -> str:
        """The same as plain text."""
        return self(key).format(**{k: self.text(v) if isinstance(v, Cell) else v for k, v in given.items()})

    def reason(self, code: str, value: float | None) -> str:
        """A churn reason in words."""
        return reason_text(code, value, self.language)

    def feature(self, name: str) -> str:
        """What a feature measures, in a few words."""
        return feature_name(name, self.language)


def _percent(share: float) -> str:
    """Per cent; what is nearly all or nothing is not rounded to it."""
    shown = 100 * share
    if 99.95 <= shown < 100:
        shown = 99.9
    elif 0 < shown < 0.05:
        shown = 0.1
    return f"{shown:,.1f} %".replace(".0 %", " %")


def compact(value: float, digits: int = 0) -> str:
    """A short number for an axis, with so many more ``digits`` than usual."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.{4 + digits}g}{unit}"
    return f"{value:.{3 + digits}g}"
