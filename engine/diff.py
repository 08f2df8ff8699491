"""What one look at a date changes in what is stored of it: a pure comparison by `sync_hash`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.appointment import Appointment

Hashed = tuple[Appointment, str]
"""An appointment with its hash, which is computed once."""


@dataclass(frozen=True, slots=True)
class DateDiff:
    """`changed` stand on the date with other values; `arrived` do not stand on it; `back` (ids) had been missing
    and are as they were; `gone` (ids) stand on it and were not seen. Everything else is as it was."""

    changed: Sequence[Hashed]
    arrived: Sequence[Hashed]
    back: Sequence[str]
    gone: Sequence[str]


def hash_all(appointments: Iterable[Appointment]) -> dict[str, Hashed]:
    """By id. An id that comes twice counts once, as it came last."""
    return {one.neo_appointment_id: (one, one.sync_hash) for one in appointments}


def diff_date(stored: Mapping[str, str], missing: Collection[str], seen: Mapping[str, Hashed]) -> DateDiff:
    """`stored` maps the ids on the date to their hashes; `missing` are those of them that an earlier look at the
    date had not seen either."""
    differs = [(key, hashed) for key, hashed in seen.items() if stored.get(key) != hashed[1]]
    return DateDiff(
        changed=[hashed for key, hashed in differs if key in stored],
        arrived=[hashed for key, hashed in differs if key not in stored],
        back=[key for key in missing if key in seen and stored[key] == seen[key][1]],
        gone=[key for key in stored if key not in seen and key not in missing],
    )
