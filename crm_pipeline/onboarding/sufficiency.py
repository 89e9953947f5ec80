"""Whether the data suffice, model by model: enough, thin or not enough; what is missing, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from crm_pipeline.counting import counted
from crm_pipeline.models.grades import MINIMUM_ROWS
from crm_pipeline.onboarding.history import (
    Balance,
    History,
    balances,
    due_snapshots,
    first_judged_on,
    history_of,
)
from crm_pipeline.onboarding.horizon import HorizonProposal, propose_horizon
from crm_pipeline.onboarding.typed import TypedProject

Word = Literal["enough", "thin", "not enough"]

LEAST_OUTCOMES, ENOUGH_OUTCOMES = 10, 50
"""Known outcomes of either kind: below the first nothing is fitted, below the second a labelled rule is published."""
ENOUGH_JUDGED = 3
LEAST_REPEAT, ENOUGH_REPEAT = 10, 100
LEAST_CUSTOMERS, ENOUGH_CUSTOMERS = 40, 200
LEAST_PRODUCTS = 5
HISTORY_SECONDS = 4.0
"""Complete histories of a large file are read in this time, or not at all."""


@dataclass(frozen=True)
class Verdict:
    """What the data suffice for: ``why`` in figures, ``missing`` and ``what_to_do`` where they do not."""

    model: str
    verdict: Word
    why: str
    missing: str = ""
    what_to_do: str = ""


@dataclass(frozen=True)
class Sufficiency:
    """The verdicts and the figures behind them; ``horizon_days`` is the project's, ``proposed`` what pauses say."""

    history: History
    horizon_days: int
    proposed: HorizonProposal
    snapshots_due: tuple[date, ...]
    first_judged_on: date | None
    balances: tuple[Balance, ...]
    verdicts: tuple[Verdict, ...]


def judge(typed: TypedProject, today: date) -> Sufficiency:
    """Judge the project's data; ``today`` is its calendar day."""
    history = history_of(typed, HISTORY_SECONDS)
    settings = typed.project.churn
    due = due_snapshots(typed, history, today)
    active = settings.active_days or max(settings.horizon_days, history.longest_gap_days or 0)
    found = balances(typed, due, settings.horizon_days, active, history.share) if due and history.share else []
    first = first_judged_on(typed, settings.horizon_days)
    verdicts = (
        _churn(typed, history, due, found, first),
        _value(typed, history, due),
        _segments(history, due),
        _recommendations(typed, history, due),
    )
    return Sufficiency(
        history, settings.horizon_days, propose_horizon(history), tuple(due), first, tuple(found), verdicts
    )


def _no_orders(model: str) -> Verdict:
    return Verdict(
        model,
        "not enough",
        "no order with a customer can be read",
        "orders with customer_id and ordered_at",
        "map them, or mend what the findings say",
    )


def _no_snapshot(model: str, history: History) -> Verdict:
    return Verdict(
        model,
        "not enough",
        f"no snapshot is due; orders are complete to {history.data_through}",
        "a snapshot date within the data",
        f"set snapshots.first to a day from {history.first_day} to {history.data_through}, or load newer files",
    )


def _churn(typed: TypedProject, history: History, due: list[date], found: list[Balance], first: date | None) -> Verdict:
    horizon = typed.project.churn.horizon_days
    if not history.customers:
        return _no_orders("churn")
    if not due:
        return _no_snapshot("churn", history)
    if not history.is_whole:
        seen = f"{counted(history.customers, 'customer')} in {counted(history.days, 'day')}"
        why = f"at least {seen} (labels not counted: large files)"
        word: Word = "enough" if history.days >= 4 * horizon and history.customers >= ENOUGH_CUSTOMERS else "thin"
        return Verdict("churn", word, why)
    if not found:
        when = f"the first judged snapshot comes on {first}" if first else "the series ends before any is judged"
        return Verdict(
            "churn",
            "not enough",
            f"{counted(len(due), 'snapshot')} due, none {horizon} days before the last one; {when}",
            "a snapshot whose horizon has ended",
            "load older orders and begin snapshots earlier, or shorten churn.horizon_days",
        )
    lost = sum(item.active_without_order for item in found)
    stayed = sum(item.active for item in found) - lost
    why = (
        f"{counted(len(found), 'judged snapshot')}: {counted(lost, 'active customer')} without an order "
        f"in {horizon} days, {stayed:,} with"
    )
    fewest = min(lost, stayed)
    if fewest < ENOUGH_OUTCOMES:
        kind = "without" if lost < stayed else "with"
        return Verdict(
            "churn",
            "not enough" if fewest < LEAST_OUTCOMES else "thin",
            why,
            f"{ENOUGH_OUTCOMES} known outcomes {kind} an order in the horizon (there are {fewest})",
            "a rule is published, labelled, until then; "
            + ("a longer" if kind == "with" else "a shorter")
            + " churn.horizon_days or more snapshots may do",
        )
    if len(found) < ENOUGH_JUDGED:
        return Verdict(
            "churn", "thin", why, f"{ENOUGH_JUDGED} judged snapshots", "begin snapshots earlier, or wait for more data"
        )
    return Verdict("churn", "enough", why)


def _value(typed: TypedProject, history: History, due: list[date]) -> Verdict:
    horizon = typed.project.clv.horizon_days
    if not history.customers:
        return _no_orders("customer value")
    if not due:
        return _no_snapshot("customer value", history)
    why = (
        f"{history.about}{history.repeat_customers:,} of {counted(history.customers, 'customer')} "
        f"ordered on several days, in {counted(history.days, 'day')}"
    )
    if history.repeat_customers < LEAST_REPEAT and history.is_whole:
        return Verdict(
            "customer value",
            "not enough",
            why,
            f"{LEAST_REPEAT} customers with repeat orders",
            "value falls back to averages until then; check that customer_id is the same in every order",
        )
    if history.repeat_customers < ENOUGH_REPEAT and history.is_whole:
        return Verdict(
            "customer value", "thin", why, f"{ENOUGH_REPEAT} customers with repeat orders", "load older orders"
        )
    if history.days < 2 * horizon:
        return Verdict(
            "customer value",
            "thin",
            why,
            f"{2 * horizon} days of history for a horizon of {horizon}",
            "load older orders, or shorten clv.horizon_days",
        )
    return Verdict("customer value", "enough", why)


def _segments(history: History, due: list[date]) -> Verdict:
    if not history.customers:
        return _no_orders("segments")
    if not due:
        return _no_snapshot("segments", history)
    why = f"{history.about}{counted(history.customers, 'customer')}"
    if history.customers < LEAST_CUSTOMERS and history.is_whole:
        return Verdict(
            "segments", "not enough", why, f"{LEAST_CUSTOMERS} customers", "named RFM segments work; clusters need more"
        )
    if history.customers < ENOUGH_CUSTOMERS and history.is_whole:
        return Verdict(
            "segments", "thin", why, f"{ENOUGH_CUSTOMERS} customers for stable clusters", "load more customers"
        )
    return Verdict("segments", "enough", why)


def _recommendations(typed: TypedProject, history: History, due: list[date]) -> Verdict:
    model = "recommendations"
    if not history.customers:
        return _no_orders(model)
    if not due:
        return _no_snapshot(model, history)
    customers = counted(history.product_customers, "customer")
    why = f"{history.about}{counted(history.products, 'product')} bought by {customers}"
    if history.products < LEAST_PRODUCTS:
        return Verdict(
            model,
            "not enough",
            why,
            f"order lines with at least {LEAST_PRODUCTS} products",
            _more_products(typed),
        )
    if min(history.product_customers, history.repeat_customers) < MINIMUM_ROWS and history.is_whole:
        return Verdict(model, "thin", why, f"{MINIMUM_ROWS} customers with repeat orders", "load more or older orders")
    horizon = typed.project.recommendations.horizon_days
    if (due[-1] - due[0]).days < horizon:
        return Verdict(
            model, "thin", why, f"two snapshots {horizon} days apart, to judge a list", "begin snapshots earlier"
        )
    return Verdict(model, "enough", why)


def _more_products(typed: TypedProject) -> str:
    """What to do about too few products: map lines, mend the mapping of those that are there, or load more."""
    lines = [source for source in typed.sources.values() if source.source.entity == "order_lines"]
    names = ", ".join(source.name for source in lines)
    if not lines:
        return "map a source of order_lines: whole orders name no products"
    if all(source.table is None for source in lines):
        return f"mend what the findings say of {names}: it cannot be read"
    if not any(
        typed.rows(f"select 1 from {source.table} where verdict = 'clean' limit 1")
        for source in typed.of("order_lines")
    ):
        return f"no row of {names} is clean: load a file with rows, or mend what the findings say"
    return f"load files with more products, or map another product_id in {names}"
