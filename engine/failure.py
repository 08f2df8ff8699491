"""Why a date, or a whole sync, could not be done: a closed list, and what each reason means for trying again.

A reason is part of the interface: it stands in events, in `schedule_sync_dates.reason` and in
`schedule_syncs.error_details`. Add one here, never inline.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What went wrong, in one word that a program can compare."""

    # The account: trying again would lock it.
    NO_CREDENTIALS = "no_credentials"
    NO_COMPANY_ID = "no_company_id"
    LOGIN_REJECTED = "login_rejected"
    ACCOUNT_LOCKED = "account_locked"
    SECOND_FACTOR = "second_factor"
    # The portal, for a while.
    SESSION_ENDED = "session_ended"
    RATE_LIMITED = "rate_limited"
    PORTAL_UNAVAILABLE = "portal_unavailable"
    MAINTENANCE = "maintenance"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    BAD_ANSWER = "bad_answer"
    CIRCUIT_OPEN = "circuit_open"
    # The portal, for good: someone has to look.
    PORTAL_CHANGED = "portal_changed"
    LEFT_PORTAL = "left_portal"
    # Our side.
    WRONG_ENCRYPTION_KEY = "wrong_encryption_key"
    BROWSER_CRASHED = "browser_crashed"
    DELIVERIES_EXHAUSTED = "deliveries_exhausted"
    INTERNAL = "internal"
    # The sync ended before the date was done.
    SYNC_ENDED = "sync_ended"


#: Reasons that make every other date of the sync pointless, so that it ends at once.
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
    """A reason, and one sentence for the person who reads it at night.

    `message` must hold no name, phone number, note, password or cookie: it goes on the bus and into logs.
    `retry_after` is in seconds, where the portal asked for a pause. Not `was_asked`: no call was made, so that what an
    earlier try of the date found still stands.
    """

    reason: Reason
    message: str
    retry_after: float | None = None
    was_asked: bool = True

    @property
    def is_fatal(self) -> bool:
        return self.reason in FATAL_FOR_SYNC


class PortalFailure(Exception):
    """Raised inside `engine.portal`; carries a `Failure` to the verb, which turns it into a value."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.message}")
        self.failure = failure
