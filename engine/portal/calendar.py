"""The completeness check: an answer to the calendar call becomes one `Snapshot` for each day asked, or a failure.

It is complete when the wrapper is known, every record is understood, all of them start within the days asked,
none lacks what identifies it, and none contradicts another. There is nothing between complete and failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.appointment import Appointment
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.answer import Answer, read_json
from engine.portal.drift import drift, tell_names
from engine.portal.fields import NOTHING, Record, unknown_names
from engine.portal.records import read_record, unknown_status
from engine.snapshot import Proof, Snapshot

CALENDAR_PATH = "/appointments/getCalendarEventData"

#: The keys under which the array of records has been seen.
WRAPPERS = ("events", "data", "appointments", "results")

#: What may stand beside the array without changing what it means, with the values that are good news.
_BESIDE: dict[str, tuple[object, ...]] = {
    "success": (True, 1),
    "ok": (True, 1),
    "status": ("success", "ok", 200),
    "error": (None, False, ""),
    "errors": (None, False, []),
    "message": (None, "", "OK", "ok"),
}

#: Numbers beside the array that must be the number of its records.
_TOTALS = frozenset({"total", "count", "totalCount", "total_count", "recordsTotal"})


def calendar_query(dates: DateRange) -> dict[str, str]:
    """The parameters of the call; the portal's end is exclusive."""
    after = date.fromordinal(dates.end.toordinal() + 1)
    return {"start": f"{dates.start} 00:00:00", "end": f"{after} 00:00:00"}


def read_calendar(
    answer: Answer, clinic: Clinic, dates: DateRange, asked_at: datetime, ignored: Container[str] = ()
) -> dict[date, Snapshot]:
    """A snapshot for each of `dates`. Raises `PortalFailure` where the answer is not complete."""
    wrapper, records = find_records(read_json(answer, asked_at))
    seen = _read_records(records, clinic, dates, ignored)
    return {
        day: Snapshot(day, asked_at, tuple(seen.on(day)), _proof(answer, wrapper, seen, day, dates))
        for day in dates
    }


def find_records(value: Any) -> tuple[str, Sequence[Record]]:
    """The wrapper and the records in it; drift where there is not exactly one array of objects."""
    if isinstance(value, list):
        return "array", _objects(value)
    if not isinstance(value, dict):
        raise drift("the answer is neither an array nor an object")
    found = [key for key in WRAPPERS if key in value]
    if len(found) != 1:
        what = (
            f"the answer has several wrappers ({', '.join(found)})" if found else "the answer has no known wrapper"
        )
        raise drift(what, [key for key in value if key not in WRAPPERS])
    wrapper = found[0]
    records = value[wrapper]
    if not isinstance(records, list):
        raise drift(f"what stands under {wrapper} is no array")
    _check_beside(value, wrapper, len(records))
    return wrapper, _objects(records)


def _objects(records: list[Any]) -> Sequence[Record]:
    if not all(isinstance(record, dict) for record in records):
        raise drift("a record is no object")
    return records


def _check_beside(value: Mapping[str, Any], wrapper: str, length: int) -> None:
    """An answer that says more than its records may say that there are more of them."""
    beside = {key: said for key, said in value.items() if key != wrapper}
    known = _BESIDE.keys() | _TOTALS
    unknown = [key for key, said in beside.items() if key not in known and said not in NOTHING]
    if unknown:
        raise drift("the answer says something beside its records", unknown)
    if bad := [key for key, said in beside.items() if key in _BESIDE and said not in _BESIDE[key]]:
        raise PortalFailure(Failure(Reason.BAD_ANSWER, f"the answer reports trouble in {tell_names(bad)}"))
    if any(key in _TOTALS and said != length for key, said in beside.items()):
        raise PortalFailure(
            Failure(Reason.BAD_ANSWER, f"{length} records came, and the answer counts another number")
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """All records of one answer. `unknown_fields` and `unknown_statuses` are counted by day or over all."""

    appointments: Mapping[str, Appointment]
    records_read: int
    rosters: int
    duplicates: Counter[date]
    unknown_statuses: Mapping[str, str]
    unknown_fields: Counter[str]

    def on(self, day: date) -> list[Appointment]:
        found = [appointment for appointment in self.appointments.values() if appointment.date == day]
        return sorted(found, key=lambda a: (a.starts_at, a.neo_appointment_id))


def _read_records(records: Sequence[Record], clinic: Clinic, dates: DateRange, ignored: Container[str]) -> _Seen:
    appointments: dict[str, Appointment] = {}
    statuses: dict[str, str] = {}
    duplicates: Counter[date] = Counter()
    fields: Counter[str] = Counter()
    rosters = 0
    for record in records:
        appointment = read_record(record, clinic, ignored)
        if appointment is None:
            rosters += 1
            continue
        fields.update(name for name in unknown_names(record))
        if appointment.date not in dates:
            raise drift("a record starts outside the days asked")
        identity = appointment.neo_appointment_id
        first = appointments.setdefault(identity, appointment)
        if first is not appointment:
            if first != appointment:
                raise drift("one id stands for two different records")
            duplicates[appointment.date] += 1
        elif (word := unknown_status(record)) is not None:
            statuses[identity] = word
    return _Seen(appointments, len(records), rosters, duplicates, statuses, fields)


def _proof(answer: Answer, wrapper: str, seen: _Seen, day: date, dates: DateRange) -> Proof:
    """`records_read` is the sum of what is kept and what is left out, on each day of a span."""
    here = [a for a in seen.appointments.values() if a.date == day]
    left_out = {
        "roster": seen.rosters,
        "duplicate": seen.duplicates[day],
        "other_date": seen.records_read - seen.rosters - seen.duplicates[day] - len(here),
    }
    words = Counter(
        seen.unknown_statuses[a.neo_appointment_id] for a in here if a.neo_appointment_id in seen.unknown_statuses
    )
    return Proof(
        http_status=answer.status,
        content_type=answer.content_type,
        wrapper=wrapper,
        records_read=seen.records_read,
        asked_from=dates.start,
        asked_to=dates.end,
        left_out={why: count for why, count in left_out.items() if count},
        unknown_statuses=dict(words),
        unknown_fields=dict(seen.unknown_fields),
    )
