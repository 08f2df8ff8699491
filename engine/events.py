"""The events of a sync. The names are part of the interface: they end the subject of each event."""

from __future__ import annotations

from enum import StrEnum

from engine.sync import SyncStatus


class Event(StrEnum):
    """In the order in which they occur; `HELD`: removals wait for a person's decision."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    STARTED = "started"
    DATE_STARTED = "date_started"
    DATE_RETRYING = "date_retrying"
    DATE_COMPLETED = "date_completed"
    DATE_FAILED = "date_failed"
    HELD = "held"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_last(self) -> bool:
        """Whether the event ends the sync. Every sync has exactly one such event, and none after it."""
        return self in LAST


#: The last event has the name of the state in which the sync ends.
LAST = frozenset(Event(status.value) for status in SyncStatus if status.is_final)
