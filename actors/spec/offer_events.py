"""The events of offers that are published on `idexx.evt.>`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from actors.spec.values import ClockTime, Count, Day, Position, SentMessage, Slug, Time
from engine.offer_change import OfferCause, OfferChangeKind

#: What a person or another program can set. `settings`: grid, length and the like.
SetRule = Literal[
    "bookable_windows", "closed_days", "columns", "recurring_blocks", "settings", "time_zone", "type_rules"
]


class OfferChange(SentMessage):
    """A start is offered to callers, is not offered any more, or is offered in another number of columns.

    Published after the change is stored. Starts are those of the clinic's grid, for an appointment of the default
    length in any column that counts.
    """

    kind: OfferChangeKind
    """Equal to the last token of the subject. `changed`: the start is offered before and after."""
    clinic: Slug
    feed_id: UUID | None = None
    """The numbering of the feed. Another one: positions have started again, and a consumer needs a new snapshot."""
    position: Position | None = None
    """1, 2, 3 … in the feed of the clinic's offer, without a gap. null: from before there were positions."""
    starts_at: Time
    ends_at: Time
    date: Day
    start_time: ClockTime
    """On the clinic's clock, as `date`."""
    column_count: Count
    """Columns that are free now; 0: closed."""
    column_count_before: Count
    """Columns that were free before; 0: opened."""
    cause: OfferCause
    """sync, rule (a setting of the clinic), booking, or hold (the hold of a booking has ended)."""
    sync_id: UUID | None
    """The sync that caused it; otherwise null."""
    booking_id: UUID | None
    """The booking by telephone that caused it, or whose hold has ended: `vapi_bookings.id`; otherwise null."""
    rule: SetRule | None
    """What was set; null unless the cause is rule."""
    at: Time
    """Time at which the change was stored."""
