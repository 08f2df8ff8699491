"""Exit statuses of all commands. They are part of the interface: scripts depend on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Any

from engine.failure import FATAL_FOR_SYNC, Reason


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
    NO_PERMISSION = 9
    INTERRUPTED = 130


#: What each means, for `sync` and for other commands where it applies.
MEANINGS = {
    Exit.OK: "completed",
    Exit.FAILED: "failed",
    Exit.USAGE: "wrong usage, or a refused request",
    Exit.PARTIAL: "partially completed: some dates failed",
    Exit.LOGIN_REJECTED: "the portal rejects the clinic's login",
    Exit.HELD: "completed, with held removals that wait for a decision",
    Exit.UNREACHABLE: "NATS or PostgreSQL does not respond",
    Exit.REJECTED: "refused: the queue is full",
    Exit.ENDED_EARLY: "cancelled or timed out",
    Exit.NO_PERMISSION: "no permission: the user of NATS or PostgreSQL, or the key, lacks the right",
    Exit.INTERRUPTED: "Ctrl-C",
}

#: The exit status for each code of a refusal.
REFUSALS = {
    400: Exit.USAGE,
    401: Exit.LOGIN_REJECTED,
    403: Exit.NO_PERMISSION,
    404: Exit.USAGE,
    409: Exit.USAGE,
    413: Exit.USAGE,
    429: Exit.REJECTED,
    503: Exit.UNREACHABLE,
}


def sign_in_remedy(clinic: str, reasons: Collection[str | None]) -> str:
    """Returns the command that stores other credentials, or tests the current ones if others would not help."""
    of_account = FATAL_FOR_SYNC.intersection(reasons)
    if of_account and of_account <= {Reason.SECOND_FACTOR, Reason.ACCOUNT_LOCKED}:
        return f"idexx-sync credentials test {clinic}"
    company_id = " --company-id ID" if Reason.NO_COMPANY_ID in reasons else ""
    return f"idexx-sync credentials set {clinic}{company_id}"


def of_refusal(code: int) -> Exit:
    return REFUSALS.get(code, Exit.FAILED)


def of_dry_run(event: Mapping[str, Any]) -> Exit:
    """Returns the exit status of `sync --dry-run`: as for a sync, but held removals do not count, because they are
    only part of the plan."""
    return of_ending({**event, "removals_held": 0})


def of_ending(event: Mapping[str, Any]) -> Exit:
    """Returns the exit status of `sync` for the last event of its sync."""
    match event["event"]:
        case "completed" if event.get("removals_held"):
            return Exit.HELD
        case "completed":
            return Exit.PARTIAL if event.get("partial_success") else Exit.OK
        case "cancelled" | "timed_out":
            return Exit.ENDED_EARLY
    reasons = {error.get("reason") for error in event.get("errors") or ()}
    return Exit.LOGIN_REJECTED if reasons & FATAL_FOR_SYNC else Exit.FAILED
