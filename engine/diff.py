"""What one look at a date changes in what is stored of it: a pure comparison by `sync_hash`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engine.appointment import Appointment


@dataclass(frozen=True, slots=True)
class Hashed:
    """An appointment with its hash, which is computed once."""

    appointment: Appointment
    sync_hash: str


@dataclass(frozen=True, slots=True)
class DateDiff:
    """`changed` stand on the date with other values; `arrived` do not stand on it; `back` (ids) had been missing
    and are as they were; `gone` (ids) stand on it and were not seen. Everything else is as it was."""

    changed: Sequence[Hashed]
    arrived: Sequence[Hashed]
    back: Sequence[str]
    gone: Sequence[str]


def diff_date(stored: Mapping[str, str], missing: Collection[str], seen: Collection[Appointment]) -> DateDiff:
    """`stored` maps the ids on the date to their hashes; `missing` are those of them that an earlier look at the
    date had not seen either."""
    changed, arrived, back = [], [], []
    present = set()
    for appointment in seen:
        key, sync_hash = appointment.neo_appointment_id, appointment.sync_hash
        present.add(key)
        old_hash = stored.get(key)
        if old_hash is None:
            arrived.append(Hashed(appointment, sync_hash))
        elif old_hash != sync_hash:
            changed.append(Hashed(appointment, sync_hash))
        elif key in missing:
            back.append(key)
    gone = [key for key in stored if key not in present and key not in missing]
    return DateDiff(changed, arrived, back, gone)
