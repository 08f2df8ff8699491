"""Changes of what a clinic offers. The names are part of the interface: the kinds end the subjects of the events."""

from __future__ import annotations

from enum import StrEnum


class OfferChangeKind(StrEnum):
    """What happened to a start; `CHANGED`: it is offered as before, in another number of columns."""

    OPENED = "opened"
    CLOSED = "closed"
    CHANGED = "changed"


class OfferCause(StrEnum):
    """Why the offer changed. `HOLD`: the hold of a booking has ended, and no program wrote the booking."""

    SYNC = "sync"
    RULE = "rule"
    BOOKING = "booking"
    HOLD = "hold"
