"""Why a run failed, in words that may leave this machine."""

from __future__ import annotations

from typing import Any


def reason(step: str, data: Any) -> str:
    """The failed asset and what went wrong: what our own failures say; of others only their kind.

    The text of an exception that nobody foresaw can quote a value ("Could not convert string 'ann@shop.example'").

    Args:
        step: the asset, or empty where none had begun.
        data: of Dagster's event of the failure, with `user_failure_data` and `error`, either of which may be None.
    """
    failure, error = getattr(data, "user_failure_data", None), getattr(data, "error", None)
    what = "it failed"
    if failure is not None:
        what = failure.description or what
    elif error is not None:
        while error.cause is not None:
            error = error.cause
        what = error.cls_name or what
    return what if not step or what.startswith(f"{step}: ") else f"{step}: {what}"
