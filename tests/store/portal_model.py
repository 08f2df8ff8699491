"""A portal that is a dictionary: what the state machine compares the database with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.appointment import Appointment
from engine.removals import MOVE_SETTLES
from tests.store.desk import day, on


@dataclass(frozen=True, slots=True)
class Transit:
    """A move that the portal has not finished showing: on both days, or on neither."""

    form: str
    old: Appointment
    began: float


class PortalModel:
    def __init__(self) -> None:
        self.now: dict[str, Appointment] = {}
        self.deleted: dict[str, Appointment] = {}
        self.transits: dict[str, Transit] = {}
        #: How often each appointment has changed its day.
        self.moves: dict[str, int] = {}

    def put(self, appointment: Appointment) -> None:
        key = appointment.neo_appointment_id
        self.now[key] = appointment
        self.moves[key] = self.moves.get(key, 0) + 1
        self.deleted.pop(key, None)

    def move(self, key: str, n: int, form: str | None, clock: float) -> None:
        old = self.now[key]
        if old.date == day(n):
            return
        self.put(on(old, n))
        if form is not None:
            self.transits[key] = Transit(form, old, clock)

    def delete(self, key: str) -> None:
        self.deleted[key] = self.now.pop(key)
        self.transits.pop(key, None)
        self.moves[key] += 1

    def settle(self) -> None:
        self.transits.clear()

    def settle_in_time(self, clock: float) -> None:
        """No move takes longer to show than it is allowed to (seconds)."""
        limit = MOVE_SETTLES.total_seconds()
        self.transits = {key: one for key, one in self.transits.items() if clock < one.began + limit}

    def shows(self, n: int) -> list[Appointment]:
        """The calendar of day `n`, as a complete scrape sees it now."""
        return [one for one in self._shown() if one.date == day(n)]

    def _shown(self) -> Iterable[Appointment]:
        for key, appointment in self.now.items():
            transit = self.transits.get(key)
            if transit is None or transit.form == "both":
                yield appointment
        yield from (transit.old for transit in self.transits.values() if transit.form == "both")
