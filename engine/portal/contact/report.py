"""What a first contact has found: its steps, and what was understood, in counts and without a patient's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.config_reading import Problem
from engine.failure import Failure
from engine.schedule import ScheduleConfig
from engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a first contact. `is_there` False: the portal lacks what was requested, which is not a failure."""

    name: str
    is_done: bool
    seconds: float
    facts: str = ""
    failure: Failure | None = None
    is_there: bool = True


@dataclass(slots=True)
class Understood:
    """Counts of the appointments of the longest range that was read in full."""

    days: int = 0
    records: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    unknown_statuses: Counter[str] = field(default_factory=Counter)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def take(self, snapshots: Sequence[Snapshot], config: ScheduleConfig) -> None:
        names = {room.id: room.name for room in config.rooms or ()}
        for snapshot in snapshots:
            self.days += 1
            self.unknown_statuses.update(snapshot.proof.unknown_statuses)
            self.left_out.update(record.why for record in snapshot.left_out)
            for appointment in snapshot.appointments:
                self.records += 1
                self.statuses[appointment.status] += 1
                self.types[appointment.appointment_type or "(none)"] += 1
                room = appointment.room_id
                self.columns[names.get(room, f"{room} (not in the configuration)") if room else "(none)"] += 1
        # Each day of a call has the counts of the whole call.
        for snapshot in snapshots[:1]:
            self.unknown_fields.update(snapshot.proof.unknown_fields)


@dataclass(slots=True)
class ContactReport:
    """`longest` is the longest range, in days, whose answer was complete; `config` is what the portal said of it."""

    steps: list[Step] = field(default_factory=list)
    config: ScheduleConfig = field(default_factory=ScheduleConfig)
    problems: tuple[Problem, ...] = ()
    understood: Understood = field(default_factory=Understood)
    longest: int = 0

    @property
    def failure(self) -> Failure | None:
        return next((step.failure for step in self.steps if step.failure is not None), None)
