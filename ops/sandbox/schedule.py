"""A clinic's calendar: days generated from the seed on first access, and later changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from ops.sandbox.clinics import Clinic
from ops.sandbox.days import day_of_id, records_of
from ops.sandbox.records import Record

Glitch = Literal["move_both", "move_none"]


@dataclass(frozen=True, slots=True)
class Transit:
    """A move in progress: until `until` (Unix seconds) the portal shows the record on both days, or on neither."""

    before: Record
    after: Record
    form: Glitch
    until: float


class Schedule:
    def __init__(self, clinic: Clinic, *, seed: int, today: date) -> None:
        self.clinic = clinic
        self.today = today
        self._seed = seed
        self._days: dict[date, dict[int, Record]] = {}
        self._homes: dict[int, date] = {}
        self._transits: list[Transit] = []
        #: Deleted records with their last values.
        self._deleted: dict[int, Record] = {}
        self._next_id = 900_000_001

    def between(self, first: date, last: date) -> list[Record]:
        """Returns the true records that start on these days (both inclusive), in calendar order."""
        found = [record for day in _days(first, last) for record in self._day(day).values()]
        return sorted(found, key=lambda record: (record.start, str(record.id)))

    def shown(self, start: datetime, end: datetime, now: float) -> list[Record]:
        """Returns the records starting in [start, end) as the portal shows them: true, except for moves in
        progress."""
        self._transits = [transit for transit in self._transits if transit.until > now]
        hidden = {transit.after.id for transit in self._transits if transit.form == "move_none"}
        records = [record for record in self.between(start.date(), end.date()) if record.id not in hidden]
        records += [transit.before for transit in self._transits if transit.form == "move_both"]
        return sorted(
            (record for record in records if start <= record.start < end),
            key=lambda record: (record.start, str(record.id)),
        )

    def find(self, record_id: int) -> Record | None:
        home = self._homes.get(record_id) or day_of_id(record_id)
        return self._day(home).get(record_id) if home else None

    def look_up(self, record_id: int) -> tuple[Record | None, bool]:
        """Returns the record, and whether it was deleted; None if there never was one."""
        if record := self.find(record_id):
            return record, False
        return self._deleted.get(record_id), record_id in self._deleted

    def next_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def put(self, record: Record) -> None:
        """Adds the record, or replaces the one with its id."""
        self.remove(record.id)
        self._deleted.pop(record.id, None)
        self._day(record.date)[record.id] = record
        self._homes[record.id] = record.date

    def remove(self, record_id: int) -> None:
        if record := self.find(record_id):
            del self._day(record.date)[record_id]
            del self._homes[record_id]
            self._deleted[record_id] = record

    def glitch(self, transit: Transit) -> None:
        self._transits.append(transit)

    def settle(self) -> None:
        """Completes every move in progress."""
        self._transits = []

    def _day(self, day: date) -> dict[int, Record]:
        if day not in self._days:
            records = records_of(self.clinic, day, seed=self._seed, today=self.today)
            self._days[day] = {record.id: record for record in records}
            self._homes |= dict.fromkeys(self._days[day], day)
        return self._days[day]


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
