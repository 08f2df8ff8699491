"""The exit statuses of every command, in one place. They are part of the interface: scripts depend on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    LOGIN_REJECTED = 4
    HELD = 5
    UNREACHABLE = 6
    REJECTED = 7
    ENDED_EARLY = 8  # cancelled or timed out
    INTERRUPTED = 130


#: Reasons of `engine.failure` with which the portal does not let the clinic in.
LOGIN_REASONS = frozenset({"no_credentials", "no_company_id", "login_rejected", "account_locked", "second_factor"})

#: What a refusal's code means for the one who asked.
REFUSALS = {
    400: Exit.USAGE,
    401: Exit.LOGIN_REJECTED,
    404: Exit.USAGE,
    409: Exit.USAGE,
    413: Exit.USAGE,
    429: Exit.REJECTED,
    503: Exit.UNREACHABLE,
}


def sign_in_remedy(clinic: str, reasons: Collection[str | None]) -> str:
    """The command that stores other credentials, or tries the same ones where others do not help."""
    if set(reasons) & LOGIN_REASONS and set(reasons) & LOGIN_REASONS <= {"second_factor", "account_locked"}:
        return f"idexx-sync credentials test {clinic}"
    company_id = " --company-id ID" if "no_company_id" in reasons else ""
    return f"idexx-sync credentials set {clinic}{company_id}"


def of_refusal(code: int) -> Exit:
    return REFUSALS.get(code, Exit.FAILED)


def of_rehearsal(event: Mapping[str, Any]) -> Exit:
    """How `sync --dry-run` exits: as a sync would, but what it would hold back is no more than a part of its plan."""
    return of_ending({**event, "removals_held": 0})


def of_ending(event: Mapping[str, Any]) -> Exit:
    """How `sync` exits after the last event of its sync."""
    match event["event"]:
        case "completed" if event.get("removals_held"):
            return Exit.HELD
        case "completed":
            return Exit.PARTIAL if event.get("partial_success") else Exit.OK
        case "cancelled" | "timed_out":
            return Exit.ENDED_EARLY
    reasons = {error.get("reason") for error in event.get("errors") or ()}
    return Exit.LOGIN_REJECTED if reasons & LOGIN_REASONS else Exit.FAILED
