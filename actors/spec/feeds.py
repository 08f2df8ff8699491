"""The replies to a consumer of a clinic's change feeds."""

from __future__ import annotations

from uuid import UUID

from actors.spec.appointment_events import AppointmentChange, Place
from actors.spec.offer_events import OfferChange
from actors.spec.values import ClockTime, Count, Day, SentMessage, Slug, Time, Yes
from engine.feed import Feed


class FeedAppointment(Place):
    """An appointment that is not removed."""

    appointment_id: UUID
    """`schedule_appointments.id`."""
    neo_appointment_id: str
    """The portal's id."""


class FeedStart(SentMessage):
    """A start that is offered, for an appointment of the default length in any column that counts."""

    starts_at: Time
    ends_at: Time
    date: Day
    start_time: ClockTime
    """On the clinic's clock, as `date`."""
    column_count: Count
    """Columns that are free."""


class SnapshotReply(SentMessage):
    """A page of what the feed holds at `position`: the changes up to it are applied, and none after it."""

    ok: Yes
    clinic: Slug
    timezone: str | None
    feed: Feed
    feed_id: UUID
    """The numbering of the feed."""
    position: Count
    """The same on every page."""
    at: Time
    appointments: list[FeedAppointment] | None = None
    """feed appointment: in the order of their ids."""
    starts: list[FeedStart] | None = None
    """feed offer: in order; within notice and horizon, whatever the age of the data."""
    next: str | None
    """`after` of the next page; null: this is the last one."""


class ChangesReply(SentMessage):
    """Changes of the feed after a position, in order; at most 500."""

    ok: Yes
    clinic: Slug
    feed: Feed
    feed_id: UUID
    position: Count
    """The feed's last position."""
    snapshot_required: bool
    """The numbering is another one, or the changes are no longer kept: none are here, and a snapshot is needed."""
    changes: list[AppointmentChange | OfferChange]
    has_more: bool
    """Request those after the last one."""
