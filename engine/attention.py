"""What needs a person: things that last until that person acts, each with a message, a remedy and a command.

The items of clinics come from the view `idexx_sync.attention`; those of the installation, which concern all clinics,
from the process that notices them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.durations import in_words
from engine.failure import FATAL_FOR_SYNC, Reason


class AttentionKind(StrEnum):
    """The kinds, the most serious first: this is their order."""

    # Of the installation.
    DATABASE_READ_ONLY = "database_read_only"
    DISK_FULL = "disk_full"
    WRONG_KEY = "wrong_key"
    WRONG_PORTAL = "wrong_portal"
    PORTAL_AWAY = "portal_away"
    CLOCK_OFF = "clock_off"
    BUDGET_USED_UP = "budget_used_up"
    # Of a clinic.
    CREDENTIALS = "credentials"
    TIME_ZONE = "time_zone"
    HELD_REMOVALS = "held_removals"
    BOOKING_TO_SETTLE = "booking_to_settle"
    FAILING_DATES = "failing_dates"
    GOAL_MISSED = "goal_missed"


#: The kinds of which a clinic's webhook is notified.
NOTIFIED = frozenset(
    {
        AttentionKind.CREDENTIALS,
        AttentionKind.HELD_REMOVALS,
        AttentionKind.BOOKING_TO_SETTLE,
        AttentionKind.GOAL_MISSED,
    }
)

_WEIGHTS = {kind: weight for weight, kind in enumerate(AttentionKind)}


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that needs a person. `clinic`: its slug; None: the whole installation.

    `key` and `since` stay the same while the thing lasts. `details` has counts, dates and reasons, and no names.
    """

    key: str
    kind: AttentionKind
    clinic: str | None
    since: datetime
    sync_id: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_new_clinic(self) -> bool:
        """Whether it only waits for its first credentials: nothing has stopped working."""
        return self.kind is AttentionKind.CREDENTIALS and self.details.get("reason") == Reason.NO_CREDENTIALS


def sort_key(item: Attention) -> tuple[bool, bool, int, datetime, str]:
    """The order of items: the installation, then by kind, the oldest first; clinics without credentials last."""
    return item.clinic is not None, item.is_new_clinic, _WEIGHTS[item.kind], item.since, item.key


def attention_view(item: Attention) -> dict[str, Any]:
    """The item as every interface shows it."""
    return {
        "key": item.key,
        "kind": item.kind,
        "clinic": item.clinic,
        "since": item.since,
        "message": message(item),
        "remedy": remedy(item),
        "command": command(item),
        "sync_id": item.sync_id,
        "details": dict(item.details),
    }


def message(item: Attention) -> str:
    """What is wrong, in one sentence."""
    text = _sentence(item)
    return text if item.clinic is None else f"{item.clinic}: {text}"


def _sentence(item: Attention) -> str:
    details = item.details
    match item.kind:
        case AttentionKind.CREDENTIALS:
            return _REFUSED.get(details["reason"], f"the portal refuses the sign-in ({details['reason']})")
        case AttentionKind.HELD_REMOVALS:
            wait = "waits" if details["removals"] == 1 else "wait"
            return f"{_counted(details['removals'], 'removal')} {_on(details)} {wait} for a decision"
        case AttentionKind.FAILING_DATES if details["dates"]:
            return (
                f"{_counted(details['dates'], 'date')} {_on(details)} cannot be read: {_plain(details['reason'])}"
            )
        case AttentionKind.FAILING_DATES:
            return f"the last sync failed: {_plain(details['reason'])}"
        case AttentionKind.GOAL_MISSED:
            goal = in_words(details["max_age_seconds"])
            if details["fresh_as_of"] is None:
                return f"the calendar has never been read whole; its goal is {goal}"
            return f"the calendar is older than its goal of {goal}"
        case AttentionKind.BOOKING_TO_SETTLE:
            when = f"{details['date']} {str(details['start_time'])[:5]}"
            return f"the booking of {when} {_BOOKINGS[details['reason']]}"
        case AttentionKind.TIME_ZONE:
            return f"syncs are refused: {details['problem']}"
        case AttentionKind.PORTAL_AWAY:
            ends = "the next call tries again" if details["breaker"] == "half_open" else "calls to it are paused"
            return f"the portal {details['of']} does not respond; {ends}"
        case AttentionKind.BUDGET_USED_UP:
            return f"the portal {details['of']} refuses calls as too many (429); fewer are made"
        case AttentionKind.WRONG_KEY:
            return f"a worker cannot decrypt the credentials of {_counted(details['clinics'], 'clinic')}"
        case AttentionKind.WRONG_PORTAL:
            return f"a worker's IDEXX_BASE_URL is not the portal of {_counted(details['clinics'], 'clinic')}"
        case AttentionKind.DATABASE_READ_ONLY:
            return "PostgreSQL accepts no writes: it is a standby, or default_transaction_read_only is on"
        case AttentionKind.DISK_FULL:
            return f"{details['of']} cannot store: {details['problem']}"
        case AttentionKind.CLOCK_OFF:
            return f"the clock of {details['of']} differs from this machine's by {details['seconds']} s"


def remedy(item: Attention) -> str:
    """What to do about it, in one sentence."""
    details = item.details
    match item.kind:
        case AttentionKind.CREDENTIALS:
            return _CREDENTIALS.get(details["reason"], "Correct the password, then test the sign-in.")
        case AttentionKind.FAILING_DATES:
            return _REASONS.get(details["reason"], "See what each date waits for, and what the portal returned.")
    return _REMEDIES[item.kind]


def command(item: Attention) -> str | None:
    """The command that an operator types; None: none helps."""
    clinic, sync, details = item.clinic, item.sync_id, item.details
    match item.kind:
        case AttentionKind.CREDENTIALS if details["reason"] in _TESTED:
            return f"idexx-sync credentials test {clinic}"
        case AttentionKind.CREDENTIALS:
            company_id = " --company-id ID" if details["reason"] == Reason.NO_COMPANY_ID else ""
            return f"idexx-sync credentials set {clinic}{company_id}"
        case AttentionKind.HELD_REMOVALS:
            return f"idexx-sync runs plan {sync}"
        case AttentionKind.FAILING_DATES if details["reason"] in _OVER_AFTER_A_SYNC:
            return f"idexx-sync sync {clinic}"
        case AttentionKind.FAILING_DATES:
            return f"idexx-sync runs show {sync}"
        case AttentionKind.GOAL_MISSED:
            return f"idexx-sync sync {clinic}"
        case AttentionKind.BOOKING_TO_SETTLE:
            return f"idexx-sync bookings list {clinic}"
        case AttentionKind.TIME_ZONE:
            return f"idexx-sync clinic show {clinic}"
    return "idexx-sync doctor"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _on(details: Mapping[str, Any]) -> str:
    """The dates of something: `on 2026-12-01`, or `from … to …`."""
    first, last = details["first_date"], details["last_date"]
    return f"on {first}" if first == last else f"from {first} to {last}"


def _plain(reason: str) -> str:
    return reason.replace("_", " ")


_REFUSED = {
    Reason.NO_CREDENTIALS: "no portal credentials are stored, so it cannot be synced",
    Reason.NO_COMPANY_ID: "the portal asks for a company id, and none is stored",
    Reason.LOGIN_REJECTED: "the portal rejects the user name or password",
    Reason.ACCOUNT_LOCKED: "the portal has locked the account",
    Reason.SECOND_FACTOR: "the portal asks for a second factor or a captcha",
}
_CREDENTIALS = {
    Reason.NO_CREDENTIALS: "Store its credentials, then request its first sync.",
    Reason.NO_COMPANY_ID: "Store the credentials again with the company id.",
    Reason.ACCOUNT_LOCKED: "Have the account unlocked at the portal, then test the sign-in.",
    Reason.SECOND_FACTOR: (
        "Use a portal user without a second factor, or sign in by hand if it wants a captcha, then test the sign-in."
    ),
}
#: Refusals that other credentials do not solve.
_TESTED = {Reason.ACCOUNT_LOCKED, Reason.SECOND_FACTOR}

_BOOKINGS = {
    "hold_expired": "was not confirmed before its hold expired",
    "conflict": "has lost its slot: the portal has filled it",
}
_SAME_KEY = "Give every date_scraper the ENCRYPTION_KEY that the other processes have, and restart it."
_SAME_PORTAL = "Give every date_scraper the IDEXX_BASE_URL that the gateways have, and restart it."
#: Reasons for which dates fail, where the remedy is not to look at the date.
_REASONS = {
    Reason.WRONG_ENCRYPTION_KEY: _SAME_KEY,
    Reason.WRONG_PORTAL: _SAME_PORTAL,
    **dict.fromkeys(FATAL_FOR_SYNC, "The credentials are no longer refused: request a sync."),
    Reason.PORTAL_UNAVAILABLE: "Request a sync once the portal responds; a scheduled one reads the dates by itself.",
    Reason.CIRCUIT_OPEN: "Request a sync once the portal responds; a scheduled one reads the dates by itself.",
    Reason.MAINTENANCE: "Request a sync once the portal's maintenance has ended.",
    Reason.RATE_LIMITED: "Wait; if it happens daily, lower IDEXX_RATE_LIMIT.",
    Reason.PORTAL_CHANGED: "See the evidence of the dates: the portal returns what this version cannot read.",
}
_OVER_AFTER_A_SYNC = FATAL_FOR_SYNC | {
    Reason.PORTAL_UNAVAILABLE,
    Reason.CIRCUIT_OPEN,
    Reason.MAINTENANCE,
    Reason.WRONG_ENCRYPTION_KEY,
    Reason.WRONG_PORTAL,
}
_REMEDIES = {
    AttentionKind.HELD_REMOVALS: "Compare the removals with the portal, then approve or reject them.",
    AttentionKind.GOAL_MISSED: "Request a sync, and check that its schedule is not paused.",
    AttentionKind.BOOKING_TO_SETTLE: "Find out whether it is real, then settle, confirm or release it.",
    AttentionKind.TIME_ZONE: "Set it: idexx-sync clinic add CLINIC --name NAME --timezone ZONE.",
    AttentionKind.PORTAL_AWAY: "Wait: calls resume by themselves once it responds. See the portal's status page.",
    AttentionKind.BUDGET_USED_UP: "Wait: the rate recovers by itself. If it happens daily, lower IDEXX_RATE_LIMIT.",
    AttentionKind.WRONG_KEY: _SAME_KEY,
    AttentionKind.WRONG_PORTAL: _SAME_PORTAL,
    AttentionKind.DATABASE_READ_ONLY: "Wait for the end of the failover, or set DATABASE_URL to the primary.",
    AttentionKind.DISK_FULL: "Free space on its disk; if it is NATS, then restart nats-server, or `idexx-sync up`.",
    AttentionKind.CLOCK_OFF: "Synchronize the clocks of both machines with NTP: timedatectl set-ntp true.",
}
