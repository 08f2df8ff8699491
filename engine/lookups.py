"""Appointments that the portal was asked for by their ids, because the calendar does not show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LookupOutcome(StrEnum):
    #: The portal says that it was deleted or cancelled.
    GONE = "gone"
    #: The portal has it, at `starts_at`.
    LIVE = "live"
    #: The portal's answer proves nothing.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the portal says of one appointment. `starts_at` and `ends_at` are aware, in the clinic's zone.

    `reason` says why it is gone, or why nothing is known. It may contain what a person has typed.
    """

    outcome: LookupOutcome
    reason: str | None = field(default=None, repr=False)
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lookups:
    """The answers by the portal's ids, in `calls` calls. `lacks_call`: the portal cannot be asked for one id."""

    found: Mapping[str, Lookup] = field(default_factory=dict)
    calls: int = 0
    lacks_call: bool = False
