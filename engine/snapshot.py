"""What one complete look at one date saw, with the proof that it is complete.

There is no partial snapshot: a scrape is complete, or it is a `Failure` with a reason. Only a complete
one is ever stored, so nothing that reads a snapshot has to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from engine.appointment import Appointment
from engine.warnings import SyncWarning

#: Stands for the name of a field that may be data.
NO_NAME = "(no name)"


@dataclass(frozen=True, slots=True)
class Proof:
    """Why the answer is believed.

    `wrapper` is the key under which the records were found, or "array". `left_out` counts the records that
    were understood and are no appointments of this date, by why ("roster", "duplicate", "other_date").
    `unknown_statuses` counts statuses that no table knows (they are kept as they came); `unknown_fields`
    counts fields that no table knows and that carry a value, in all records of the answer or, once, beside them.
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

    `warnings` name what was not used, `left_out` the records among it: one of them may be an appointment that is
    stored, so they protect appointments from being removed. `stored_at` is set where it comes from the database.
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
        """The look shows the calendar as it was between `scraped_at` and this moment."""
        return self.stored_at or self.scraped_at

    @property
    def has_references(self) -> bool:
        """False where no appointment has any: neither the older spellings nor older workers have them."""
        return any(appointment.references_hash for appointment in self.appointments)
