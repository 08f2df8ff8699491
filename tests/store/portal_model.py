"""A portal that is a dictionary: what the state machine compares the database with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.appointment import Appointment
from tests.store.harness import day, on

#: How long a move may be shown on both days, or on neither, in seconds.
HIDDEN = 8.0


@dataclass(frozen=True, slots=True)
class Transit:
    """A move that the portal has not finished showing: on both days, or on neither."""

    form: str
    old: Appointment
    began: float


class PortalModel:
    def __init__(self, hidden: float = HIDDEN) -> None:
        self.hidden = hidden
        self.now: dict[str, Appointment] = {}
        self.deleted: dict[str, Appointment] = {}
        self.transits: dict[str, Transit] = {}
        #: When each appointment changed its day, was deleted or came back.
        self.moved_at: dict[str, list[float]] = {}

    def put(self, appointment: Appointment, clock: float) -> None:
        key = appointment.neo_appointment_id
        self.now[key] = appointment
        self.moved_at.setdefault(key, []).append(clock)
        self.deleted.pop(key, None)

    def move(self, key: str, n: int, form: str | None, clock: float) -> None:
        old = self.now[key]
        if old.date == day(n):
            return
        self.put(on(old, n), clock)
        self.transits.pop(key, None)
        if form is not None:
            self.transits[key] = Transit(form, old, clock)

    def delete(self, key: str, clock: float) -> None:
        self.deleted[key] = self.now.pop(key)
        self.transits.pop(key, None)
        self.moved_at[key].append(clock)

    def moves_since(self, key: str, clock: float) -> int:
        """How often the appointment moved since then, the moves that were still hidden then among them."""
        return sum(moved > clock - self.hidden for moved in self.moved_at[key])

    def settle(self) -> None:
        self.transits.clear()

    def settle_in_time(self, clock: float) -> None:
        """No move takes longer to show than it is allowed to."""
        self.transits = {key: one for key, one in self.transits.items() if clock < one.began + self.hidden}

    def shows(self, n: int) -> list[Appointment]:
        """The calendar of day `n`, as a complete scrape sees it now."""
        return [one for one in self._shown() if one.date == day(n)]

    def _shown(self) -> Iterable[Appointment]:
        for key, appointment in self.now.items():
            transit = self.transits.get(key)
            if transit is None or transit.form == "both":
                yield appointment
        yield from (transit.old for transit in self.transits.values() if transit.form == "both")
