"""What a person or a program does to syncs and bookings, as the audit records it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

#: The outcome of an action that was carried out; otherwise it is the reason of the refusal.
DONE = "done"


class Verb(StrEnum):
    """What is done. The last three are decisions on a booking."""

    SYNC = "sync"
    CANCEL = "cancel"
    #: Carry out the held removals of a sync, or drop them.
    APPROVE = "approve"
    REJECT = "reject"
    #: The portal has the booking under another name or number; it is real but not there yet; it is not real.
    SETTLE = "settle"
    CONFIRM = "confirm"
    RELEASE = "release"


class Source(StrEnum):
    """How it was requested."""

    HTTP = "http"
    NATS = "nats"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `who` is the name of a key (HTTP), of a user of the operating system (command line), or what a client
    states (NATS); None: not known. `outcome` is None while it is not known."""

    id: UUID
    at: datetime
    who: str | None
    source: Source
    verb: Verb
    clinic: str
    sync_id: UUID | None
    booking_id: UUID | None
    removals: int | None
    outcome: str | None
