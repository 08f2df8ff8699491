"""One appointment, or one block, as the portal shows it: a pure value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, time
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any, Self

#: `appointment_type` of a schedule block: time that is taken without a patient.
BLOCK = "block"

#: Statuses that leave the slot free.
FREES_SLOT = frozenset({"cancelled", "no_show"})

#: Fields that identify an appointment's client and patient beyond the names.
REFERENCES = ("client_email", "neo_client_id", "neo_patient_id", "neo_consultation_id")

#: Stands for a missing text in the hash; no text contains it, since PostgreSQL stores no NUL.
_NOTHING = "\0"


@lru_cache(maxsize=8192)
def _when(day: date, start: time, end: time, starts_at: datetime, ends_at: datetime) -> str:
    """The times as text; cached, because they recur at every sync. Seconds are the same in every zone."""
    return "\x1f".join(
        (day.isoformat(), start.isoformat(), end.isoformat(), str(starts_at.timestamp()), str(ends_at.timestamp()))
    )


@dataclass(frozen=True, slots=True)
class Appointment:
    """What is stored of one record.

    `date`, `start_time` and `end_time` are clinic-local as the portal shows them (an `end_time` before
    `start_time` lies on the next day); `starts_at` and `ends_at` are the same instants, aware, in UTC. `status` is
    one of the normalized words, or the portal's own word if it is unknown. `client_phone` is E.164, or None if the
    raw text is not a phone number. The repr contains no personal data. The last four fields, the *references*,
    identify client and patient beyond the names; see `references_hash`.
    """

    neo_appointment_id: str
    date: date
    start_time: time
    end_time: time
    starts_at: datetime
    ends_at: datetime
    patient_name: str | None = field(default=None, repr=False)
    client_name: str | None = field(default=None, repr=False)
    client_phone: str | None = field(default=None, repr=False)
    client_phone_raw: str | None = field(default=None, repr=False)
    provider_name: str | None = field(default=None, repr=False)
    room_id: str | None = None
    appointment_type: str | None = None
    status: str = "scheduled"
    notes: str | None = field(default=None, repr=False)
    client_email: str | None = field(default=None, repr=False)
    neo_client_id: str | None = field(default=None, repr=False)
    neo_patient_id: str | None = field(default=None, repr=False)
    neo_consultation_id: str | None = field(default=None, repr=False)

    @property
    def is_block(self) -> bool:
        return self.appointment_type == BLOCK

    @property
    def sync_hash(self) -> str:
        """SHA-256 over every stored field except the references, which workers of an older version do not know."""
        # Computed for every appointment of every scrape; written out, it takes half as long as a loop over the
        # fields.
        text = "\x1f".join(
            (
                self.neo_appointment_id,
                _when(self.date, self.start_time, self.end_time, self.starts_at, self.ends_at),
                _NOTHING if self.patient_name is None else self.patient_name,
                _NOTHING if self.client_name is None else self.client_name,
                _NOTHING if self.client_phone is None else self.client_phone,
                _NOTHING if self.client_phone_raw is None else self.client_phone_raw,
                _NOTHING if self.provider_name is None else self.provider_name,
                _NOTHING if self.room_id is None else self.room_id,
                _NOTHING if self.appointment_type is None else self.appointment_type,
                self.status,
                _NOTHING if self.notes is None else self.notes,
            )
        )
        return sha256(text.encode()).hexdigest()

    @property
    def references(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in REFERENCES}

    @property
    def references_hash(self) -> str:
        """Hash of the references; empty if there are none."""
        if not (self.client_email or self.neo_client_id or self.neo_patient_id or self.neo_consultation_id):
            return ""
        references = (self.client_email, self.neo_client_id, self.neo_patient_id, self.neo_consultation_id)
        text = "\x1f".join(_NOTHING if value is None else value for value in references)
        return blake2b(text.encode(), digest_size=12).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            key: value.isoformat() if isinstance(value, date | time) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Reads `to_json`. Ignores names that this version does not know: a newer worker wrote them."""
        known = {name: value for name, value in record.items() if name in _NAMES}
        return cls(
            **known
            | {
                "date": date.fromisoformat(record["date"]),
                "start_time": time.fromisoformat(record["start_time"]),
                "end_time": time.fromisoformat(record["end_time"]),
                "starts_at": datetime.fromisoformat(record["starts_at"]),
                "ends_at": datetime.fromisoformat(record["ends_at"]),
            }
        )


_NAMES = frozenset(each.name for each in fields(Appointment))
