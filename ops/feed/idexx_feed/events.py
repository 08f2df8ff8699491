"""The messages of a feed, as docs/spec/schemas.json describes them. Fields that are not known here are ignored."""

from __future__ import annotations

from datetime import date, datetime, time
from uuid import UUID

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """Time, place and status of an appointment, on the clinic's clock."""

    date: date
    start_time: time
    end_time: time
    """Earlier than `start_time`: on the next day."""
    room_id: str | None
    status: str


class Appointment(Place, frozen=True, kw_only=True):
    """An appointment that is not removed. `appointment_id` is its key: it never changes."""

    appointment_id: UUID
    neo_appointment_id: str


class AppointmentChange(Struct, frozen=True, kw_only=True):
    """An appointment was added, updated, moved, removed or restored (`kind`)."""

    kind: str
    clinic: str
    feed_id: UUID | None = None
    position: int | None = None
    sync_id: UUID
    appointment_id: UUID
    neo_appointment_id: str
    at: datetime
    before: Place | None
    after: Place | None

    @property
    def appointment(self) -> Appointment | None:
        """The appointment after the change; None: it is removed."""
        if self.after is None:
            return None
        return Appointment(
            appointment_id=self.appointment_id,
            neo_appointment_id=self.neo_appointment_id,
            date=self.after.date,
            start_time=self.after.start_time,
            end_time=self.after.end_time,
            room_id=self.after.room_id,
            status=self.after.status,
        )


class Start(Struct, frozen=True, kw_only=True):
    """A start that is offered. `starts_at` is its key; `date` and `start_time` are on the clinic's clock."""

    starts_at: datetime
    ends_at: datetime
    date: date
    start_time: time
    column_count: int


class OfferChange(Struct, frozen=True, kw_only=True):
    """A start was opened, closed, or is offered in another number of columns (`kind`)."""

    kind: str
    clinic: str
    feed_id: UUID | None = None
    position: int | None = None
    starts_at: datetime
    ends_at: datetime
    date: date
    start_time: time
    column_count: int
    column_count_before: int
    cause: str
    sync_id: UUID | None
    booking_id: UUID | None
    rule: str | None
    at: datetime

    @property
    def start(self) -> Start | None:
        """The start after the change; None: it is not offered."""
        if not self.column_count:
            return None
        return Start(
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            date=self.date,
            start_time=self.start_time,
            column_count=self.column_count,
        )


class SnapshotPage(Struct, frozen=True, kw_only=True):
    """The reply to `snapshot`."""

    feed_id: UUID
    position: int
    timezone: str | None
    appointments: list[Appointment] | None = None
    starts: list[Start] | None = None
    next: str | None


class AppointmentChanges(Struct, frozen=True, kw_only=True):
    """The reply to `changes` of the feed `appointment`."""

    snapshot_required: bool
    changes: list[AppointmentChange]
    has_more: bool


class OfferChanges(Struct, frozen=True, kw_only=True):
    """The reply to `changes` of the feed `offer`."""

    snapshot_required: bool
    changes: list[OfferChange]
    has_more: bool
