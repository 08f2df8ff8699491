"""The events of appointments that are published on `idexx.evt.>`."""

from __future__ import annotations

from uuid import UUID

from actors.spec.values import ChangeKind, ClockTime, Day, Position, SentMessage, Slug, Time


class Place(SentMessage):
    """Time, place and status of an appointment."""

    date: Day
    start_time: ClockTime
    end_time: ClockTime
    """Earlier than `start_time`: on the next day."""
    room_id: str | None
    status: str
    """scheduled, confirmed, in_progress, completed, no_show, cancelled, or the portal's own value."""


class AppointmentChange(SentMessage):
    """An appointment has changed. Published after the sync has stored the change, in the order of the changes."""

    kind: ChangeKind
    """Equal to the last token of the subject."""
    clinic: Slug
    feed_id: UUID | None = None
    """The numbering of the feed. Another one: positions have started again, and a consumer needs a new snapshot."""
    position: Position | None = None
    """1, 2, 3 … in the feed of the clinic's appointments, without a gap. null: from before there were positions."""
    sync_id: UUID
    """The sync that saw the change, or whose undo made it."""
    appointment_id: UUID
    """`schedule_appointments.id`."""
    neo_appointment_id: str
    """The portal's id."""
    at: Time
    """Time at which the change was stored."""
    before: Place | None
    """null: added."""
    after: Place | None
    """null: removed."""
