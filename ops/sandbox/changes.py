"""Changes a running schedule: a number of changes of each kind, chosen by a seed, or exactly the named ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Literal, TypedDict

from pydantic import BaseModel, ConfigDict

from ops.sandbox.clinics import Clinic
from ops.sandbox.edits import Addition, Edit, added, edited
from ops.sandbox.records import Record, Truth
from ops.sandbox.schedule import Glitch, Schedule, Transit

Kind = Literal["added", "moved", "edited", "cancelled", "deleted"]


class Change(TypedDict):
    kind: Kind
    neo_appointment_id: str
    before: Truth | None
    after: Truth | None


class ChangeRequest(BaseModel):
    """Requested changes. Random ones fall on `start` to `end` (both inclusive; default: today and the next 13
    days)."""

    model_config = ConfigDict(extra="forbid")
    company_id: str
    start: date | None = None
    end: date | None = None
    seed: int = 1
    add: int | list[Addition] = 0
    move: int | list[Edit] = 0
    edit: int | list[Edit] = 0
    cancel: int | list[int] = 0
    delete: int | list[int] = 0


class UnknownRecord(ValueError):
    """A change names a record that does not exist at the clinic."""


def apply_changes(
    schedule: Schedule, request: ChangeRequest, *, glitch: Glitch | None, glitch_until: float
) -> list[Change]:
    """Applies the request and returns the changes; one request changes no record twice."""
    return _Changing(schedule, request, glitch, glitch_until).run()


class _Changing:
    def __init__(
        self, schedule: Schedule, request: ChangeRequest, glitch: Glitch | None, glitch_until: float
    ) -> None:
        self.schedule, self.request = schedule, request
        self.glitch, self.glitch_until = glitch, glitch_until
        self.clinic: Clinic = schedule.clinic
        self.first = request.start or schedule.today
        self.last = request.end or self.first + timedelta(days=13)
        self.rng = Random(f"{request.seed}/{self.clinic.company_id}/{self.first}/{self.last}")
        self.changes: list[Change] = []
        # Shuffled once; each kind of change then takes its own records from the front.
        self.candidates = schedule.between(self.first, self.last)
        self.rng.shuffle(self.candidates)

    def run(self) -> list[Change]:
        self._check_ids()
        for record, values in self._chosen(self.request.move, self._elsewhere):
            self._move(record, values)
        for record, values in self._chosen(self.request.edit, self._otherwise):
            self._change("edited", record, edited(record, values, self.clinic))
        for record in self._named(self.request.cancel, self._busy):
            self._change("cancelled", record, replace(record, status="Cancelled"))
        for record in self._named(self.request.delete, self._deletable):
            self._change("deleted", record, None)
        for addition in self._additions():
            self._change("added", None, added(addition, self.schedule))
        return self.changes

    def _check_ids(self) -> None:
        """Raises UnknownRecord before any change is made if the request names a record that does not exist."""
        request = self.request
        edits = [edit.id for wanted in (request.move, request.edit) if isinstance(wanted, list) for edit in wanted]
        ids = [
            number for wanted in (request.cancel, request.delete) if isinstance(wanted, list) for number in wanted
        ]
        for record_id in edits + ids:
            self._known(record_id)

    def _change(self, kind: Kind, before: Record | None, after: Record | None) -> None:
        record = after or before
        if record is None:
            return
        if after:
            self.schedule.put(after)
        else:
            self.schedule.remove(record.id)
        zone = self.clinic.zone
        self.changes.append(
            Change(
                kind=kind,
                neo_appointment_id=str(record.id),
                before=before.truth(zone) if before else None,
                after=after.truth(zone) if after else None,
            )
        )

    def _move(self, record: Record, values: Edit) -> None:
        after = edited(record, values, self.clinic)
        if self.glitch:
            self.schedule.glitch(Transit(record, after, self.glitch, self.glitch_until))
        self._change("moved", record, after)

    def _chosen(self, wanted: int | list[Edit], draw: Callable[[Record], Edit]) -> list[tuple[Record, Edit]]:
        if isinstance(wanted, list):
            return [(self._known(values.id), values) for values in wanted]
        return [(record, draw(record)) for record in self._take(wanted, self._busy)]

    def _named(self, wanted: int | list[int], fits: Callable[[Record], bool]) -> list[Record]:
        if isinstance(wanted, list):
            return [self._known(record_id) for record_id in wanted]
        return self._take(wanted, fits)

    def _known(self, record_id: int) -> Record:
        if record := self.schedule.find(record_id):
            return record
        raise UnknownRecord(f"clinic {self.clinic.company_id} has no record {record_id}")

    def _take(self, count: int, fits: Callable[[Record], bool]) -> list[Record]:
        taken = [record for record in self.candidates if fits(record)][:count]
        ids = {record.id for record in taken}
        self.candidates = [record for record in self.candidates if record.id not in ids]
        return taken

    @staticmethod
    def _busy(record: Record) -> bool:
        return record.kind == "appointment" and record.status != "Cancelled"

    @staticmethod
    def _deletable(record: Record) -> bool:
        return record.kind != "roster"

    def _elsewhere(self, record: Record) -> Edit:
        """Returns a move: usually to another day, sometimes only to another time or room. A glitch needs two
        days."""
        chance = 1.0 if self.glitch else self.rng.random()
        if chance < 0.15:
            rooms = [room.id for room in self.clinic.rooms if room.id != record.room]
            return Edit(id=record.id, room=self.rng.choice(rooms))
        if chance < 0.4:
            days = [record.date]
        else:
            days = [day for day in self._open_days() if day != record.date] or [record.date + timedelta(days=1)]
        start = self._some_time(self.rng.choice(days))
        if start == record.start:
            start += timedelta(minutes=self.clinic.slot_minutes)
        return Edit(id=record.id, start=start)

    def _otherwise(self, record: Record) -> Edit:
        if record.status == "Scheduled":
            return Edit(id=record.id, status="Confirmed")
        return Edit(id=record.id, notes=f"{record.notes or 'Note'} (called {self.rng.randrange(8, 18)}:15)")

    def _additions(self) -> list[Addition]:
        if isinstance(self.request.add, list):
            return self.request.add
        return [
            Addition(start=self._some_time(self.rng.choice(self._open_days()))) for _ in range(self.request.add)
        ]

    def _open_days(self) -> list[date]:
        days = [self.first + timedelta(days=offset) for offset in range((self.last - self.first).days + 1)]
        return [day for day in days if self.clinic.is_open(day)] or days

    def _some_time(self, day: date) -> datetime:
        usual = (datetime.combine(day, self.clinic.opens), datetime.combine(day, self.clinic.closes))
        opens, closes = self.rng.choice(self.clinic.open_on(day) or [usual])
        slots = (closes - opens) // timedelta(minutes=self.clinic.slot_minutes) - 4
        return opens + timedelta(minutes=self.rng.randrange(slots) * self.clinic.slot_minutes)
