"""What one complete scrape of one date saw, with the proof that it is complete.

There is no partial snapshot: a scrape is complete, or it is a `Failure` with a reason. Only complete ones are
stored, so no reader of a snapshot has to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from engine.appointment import Appointment
from engine.warnings import SyncWarning

#: Replaces a field name that may be data.
NO_NAME = "(no name)"


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a portal response counts as complete.

    `wrapper` is the key under which the records were found, or "array". `left_out` counts by reason the records
    that were understood and are not appointments of this date ("roster", "duplicate", "other_date").
    `unknown_statuses` counts statuses that no table contains (they are kept as they came); `unknown_fields` counts
    fields that no table contains and that carry a value, in all records of the response or, once, beside them.
    `asked_from` and `asked_to` are clinic-local days, both inclusive: the range of the call.
    """

    http_status: int
    content_type: str
    wrapper: str
    records_read: int
    asked_from: date
    asked_to: date
    left_out: Mapping[str, int] = field(default_factory=dict)
    unknown_statuses: Mapping[str, int] = field(default_factory=dict)
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    asked_twice: bool = False


@dataclass(frozen=True, slots=True)
class LeftOutRecord:
    """A record that could not be used, as far as it was understood. `why` contains no personal data."""

    why: str
    neo_appointment_id: str | None = None
    patient_name: str | None = field(default=None, repr=False)
    client_phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All appointments and blocks that start on `date`. `scraped_at` is when the call was sent (aware).

    `warnings` name what was not used; `left_out` are the records among it. Each may be a stored appointment, so
    they protect appointments from removal. `stored_at` is set for snapshots from the database.
    """

    date: date
    scraped_at: datetime
    appointments: tuple[Appointment, ...]
    proof: Proof
    warnings: tuple[SyncWarning, ...] = ()
    left_out: tuple[LeftOutRecord, ...] = ()
    stored_at: datetime | None = None

    @property
    def answered_by(self) -> datetime:
        """The snapshot shows the calendar as it was at some moment between `scraped_at` and this one."""
        return self.stored_at or self.scraped_at

    @property
    def has_references(self) -> bool:
        """False if no appointment has references: older field names and older workers have none."""
        return any(appointment.references_hash for appointment in self.appointments)
