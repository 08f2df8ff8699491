"""The reasons why a date, or a whole sync, fails: a closed list.

A reason is part of the interface: it stands in events, in `schedule_sync_dates.reason` and in
`schedule_syncs.error_details`. Add one here, never inline. `engine.retry` says how each is retried.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What went wrong, in one word that a program can compare."""

    # The account: a retry would lock it.
    NO_CREDENTIALS = "no_credentials"
    NO_COMPANY_ID = "no_company_id"
    LOGIN_REJECTED = "login_rejected"
    ACCOUNT_LOCKED = "account_locked"
    SECOND_FACTOR = "second_factor"
    # The portal, temporarily.
    SESSION_ENDED = "session_ended"
    RATE_LIMITED = "rate_limited"
    PORTAL_UNAVAILABLE = "portal_unavailable"
    MAINTENANCE = "maintenance"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    BAD_ANSWER = "bad_answer"
    CIRCUIT_OPEN = "circuit_open"
    # The portal, permanently: an operator has to look.
    PORTAL_CHANGED = "portal_changed"
    LEFT_PORTAL = "left_portal"
    # Our side.
    WRONG_ENCRYPTION_KEY = "wrong_encryption_key"
    WRONG_PORTAL = "wrong_portal"
    BROWSER_CRASHED = "browser_crashed"
    DELIVERIES_EXHAUSTED = "deliveries_exhausted"
    INTERNAL = "internal"
    # The sync ended before the date was done.
    SYNC_ENDED = "sync_ended"


#: The reasons of the account: they make every other date of the sync pointless, and end it at once.
FATAL_FOR_SYNC = frozenset(
    {
        Reason.NO_CREDENTIALS,
        Reason.NO_COMPANY_ID,
        Reason.LOGIN_REJECTED,
        Reason.ACCOUNT_LOCKED,
        Reason.SECOND_FACTOR,
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason, and one sentence for the operator.

    `message` must contain no name, phone number, note, password or cookie: it is published and logged.
    `retry_after` is in seconds, if the portal asked for a pause. `was_asked` False: no call was made, so the
    result of an earlier try of the date still stands.
    """

    reason: Reason
    message: str
    retry_after: float | None = None
    was_asked: bool = True

    @property
    def is_fatal(self) -> bool:
        return self.reason in FATAL_FOR_SYNC


class PortalFailure(Exception):
    """Raised inside `engine.portal`; its public methods turn it into the `Failure` that it carries."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.message}")
        self.failure = failure
