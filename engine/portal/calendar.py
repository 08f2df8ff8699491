"""The completeness check: turns a calendar response into one `Snapshot` for each requested day, or a failure.

A response is complete if the envelope is known and indicates no further records, and every record is understood
or, if they are few, left out, counted and named. There is nothing between complete and failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from engine.appointment import Appointment
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.portal.additions import MAX_COUNTED, find_additions
from engine.portal.drift import BadRecord, SharedIds, WhyLeftOut, drift, safe_name
from engine.portal.envelope import find_records
from engine.portal.fields import Record, flag, unknown_names
from engine.portal.records import day_of, left_out, read_record, unknown_status
from engine.portal.response import PortalResponse, read_json
from engine.repeating import as_occurrence
from engine.snapshot import LeftOutRecord, Proof, Snapshot
from engine.warnings import SyncWarning, WarningCode

CALENDAR_PATH = "/appointments/getCalendarEventData"


def calendar_query(dates: DateRange) -> dict[str, str]:
    """The parameters of the call; the portal's end is exclusive."""
    after = date.fromordinal(dates.end.toordinal() + 1)
    return {"start": f"{dates.start} 00:00:00", "end": f"{after} 00:00:00"}


def read_calendar(
    answer: PortalResponse,
    clinic: Clinic,
    dates: DateRange,
    asked_at: datetime,
    ignored: Container[str] = (),
    repeating: Collection[str] = (),
) -> dict[date, Snapshot]:
    """Returns a snapshot for each of `dates`. Raises `PortalFailure` if the response is not complete.

    `ignored`: names of fields that an operator has found irrelevant. `repeating`: ids whose records repeat; each
    of them is an occurrence. Any other id may be shown on several days, but not at several starts of one day
    (`SharedIds`).
    """
    wrapper, records, beside = find_records(read_json(answer, asked_at))
    own = [record for record in records if not flag(record, "roster")]
    additions = find_additions(own, ignored)
    seen = _read_records(records, clinic, dates, repeating)
    # What belongs to no day is reported on a day with appointments: an empty day must still look empty.
    bearer = next((day for day in dates if seen.on(day)), dates.start)
    names = {safe_name(name): 1 for name in beside[:MAX_COUNTED] if name not in ignored}
    unknown = _unknown({*additions.fields, *names}, additions.flags)
    snapshots = {}
    for day in dates:
        out = seen.left_out_on(day, None) if day == bearer else seen.left_out_on(day)
        proof = _proof(answer, wrapper, seen, names | additions.all, day, dates)
        snapshots[day] = Snapshot(day, asked_at, tuple(seen.on(day)), proof, (*unknown, *_left_out(out)), out)
    return snapshots


def _unknown(fields: Iterable[str], flags: Iterable[str]) -> list[SyncWarning]:
    found = ((WarningCode.UNKNOWN_FIELDS, sorted(fields)), (WarningCode.UNKNOWN_FLAGS, sorted(flags)))
    return [SyncWarning(code, ", ".join(names), len(names)) for code, names in found if names]


def _left_out(records: Sequence[LeftOutRecord]) -> list[SyncWarning]:
    why = sorted({record.why for record in records})
    return [SyncWarning(WarningCode.RECORDS_LEFT_OUT, ", ".join(why), len(records))] if records else []


#: An appointment of a response: its id and its day.
_Key: TypeAlias = tuple[str, date]


@dataclass(frozen=True, slots=True)
class _Seen:
    """All records of one response. A left-out record has its day, or None if that was not requested."""

    appointments: Mapping[_Key, Appointment]
    records_read: int
    rosters: int
    duplicates: Counter[date]
    unknown_statuses: Mapping[_Key, str]
    left_out: Sequence[tuple[date | None, LeftOutRecord]]

    def on(self, day: date) -> list[Appointment]:
        found = [appointment for appointment in self.appointments.values() if appointment.date == day]
        return sorted(found, key=lambda a: (a.starts_at, a.neo_appointment_id))

    def left_out_on(self, *days: date | None) -> tuple[LeftOutRecord, ...]:
        return tuple(record for day, record in self.left_out if day in days)


def _read_records(
    records: Sequence[Record], clinic: Clinic, dates: DateRange, repeating: Collection[str]
) -> _Seen:
    appointments: dict[_Key, Appointment] = {}
    statuses: dict[_Key, str] = {}
    shared: set[tuple[str, datetime]] = set()
    duplicates: Counter[date] = Counter()
    bad: list[tuple[Record, BadRecord]] = []
    rosters = 0
    for record in records:
        try:
            appointment = _read(record, clinic, dates)
        except BadRecord as error:
            bad.append((record, error))
            continue
        if appointment is None:
            rosters += 1
            continue
        if appointment.neo_appointment_id in repeating:
            appointment = as_occurrence(appointment)
        key = (appointment.neo_appointment_id, appointment.date)
        first = appointments.setdefault(key, appointment)
        if first is not appointment:
            if first.starts_at != appointment.starts_at:
                shared |= {(key[0], first.starts_at), (key[0], appointment.starts_at)}
            elif first != appointment:
                raise drift("two records with the same id and start have different values")
            else:
                duplicates[appointment.date] += 1
        elif (word := unknown_status(record)) is not None:
            statuses[key] = word
    if shared:
        raise SharedIds(shared)
    _check_few(bad, len(records) - rosters)
    out = [
        (day if (day := day_of(record, clinic)) in dates else None, left_out(record, clinic, error.why))
        for record, error in bad
    ]
    return _Seen(appointments, len(records), rosters, duplicates, statuses, out)


def _read(record: Record, clinic: Clinic, dates: DateRange) -> Appointment | None:
    """Reads one record. Raises `BadRecord`, or `PortalFailure` for a known field in another form."""
    appointment = read_record(record, clinic)
    if appointment is not None and appointment.date not in dates:
        raise BadRecord(WhyLeftOut.OUTSIDE_RANGE, "a record starts outside the requested days")
    return appointment


def _check_few(bad: Sequence[tuple[Record, BadRecord]], records: int) -> None:
    """Raises `PortalFailure` if the portal has changed.

    That is: most records are bad, or all of them have their id or time under new names.
    """
    if not bad:
        return
    renamed = [error.why in (WhyLeftOut.NO_ID, WhyLeftOut.NO_TIME) for _, error in bad]
    names = {name for record, _ in bad for name in unknown_names(record)}
    if (len(bad) > 1 and 2 * len(bad) > records) or (len(bad) == records and all(renamed) and names):
        raise drift(bad[0][1].sentence, names if any(renamed) else ())


def _proof(
    answer: PortalResponse, wrapper: str, seen: _Seen, unknown: Mapping[str, int], day: date, dates: DateRange
) -> Proof:
    """The proof for one day. `records_read` equals what is kept plus what is left out, on each day of a span."""
    here = [a for a in seen.appointments.values() if a.date == day]
    counts = {"roster": seen.rosters, "duplicate": seen.duplicates[day], "unusable": len(seen.left_out)}
    counts["other_date"] = seen.records_read - len(here) - sum(counts.values())
    words = Counter(word for (_, its_day), word in seen.unknown_statuses.items() if its_day == day)
    return Proof(
        http_status=answer.status,
        content_type=answer.content_type,
        wrapper=wrapper,
        records_read=seen.records_read,
        asked_from=dates.start,
        asked_to=dates.end,
        left_out={why: count for why, count in counts.items() if count},
        unknown_statuses=dict(words),
        unknown_fields=dict(unknown),
    )
