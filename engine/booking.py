"""Bookings by telephone: what each waits for, and what the end of a sync found about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from engine.warnings import SyncWarning, WarningCode


class BookingState(StrEnum):
    """What became of a booking that is not cancelled. It takes its place unless it is seen or released."""

    #: The caller is on the telephone: the hold has not expired.
    HELD = "held"
    #: The hold has expired, and no person has decided whether the booking is real.
    EXPIRED = "expired"
    #: As expired, where `EXPIRED_HOLDS` is `release`.
    RELEASED = "released"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    #: The portal has shown it, or a person has settled it.
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking, at its clinic-local time. `has_conflict`: the portal has filled its slot."""

    id: UUID
    clinic: str
    confirmation_number: str | None
    date: date
    start_time: time
    state: BookingState
    takes_place: bool
    has_conflict: bool
    hold_expires_at: datetime | None
    created_at: datetime
    client_name: str = field(repr=False)
    client_phone: str = field(repr=False)
    patient_name: str = field(repr=False)
    reason: str | None = field(repr=False)

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to decide something about it."""
        return self.has_conflict or self.state is BookingState.EXPIRED


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Bookings whose slot the portal has filled: how many a sync found, and how many of them it moved."""

    detected: int = 0
    resolved: int = 0


NO_CONFLICTS = Conflicts()


def warning_of_expired(count: int) -> SyncWarning | None:
    """The warning about bookings whose hold has expired and that nothing has decided."""
    if not count:
        return None
    return SyncWarning(
        WarningCode.BOOKINGS_UNDECIDED,
        f"{count} booking{'s' if count > 1 else ''} by telephone whose hold has expired, neither confirmed nor in "
        "the portal",
        count,
    )
