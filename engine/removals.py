"""Decides which missing appointments are removed, and which removals wait for a person's decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from engine.appointment import BLOCK
from engine.lookups import Lookup, LookupOutcome
from engine.repeating import is_occurrence


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """Limits of the removals without a decision, and the time for which an absence must last.

    A sync that would remove more than `count` and more than `percent` of the stored appointments removes nothing.
    Both limits have to be exceeded: a small clinic may lose half of its ten appointments, a large one 25 of a
    thousand. A date with `day_count` or more stored appointments that would lose `day_percent` of them keeps all
    of them, whatever the total. `settle` is the time between the two reads that confirm an absence; it is
    longer than the portal may hide a move. Removals that a look-up proves count towards no limit.
    """

    count: int = 20
    percent: float = 30.0
    day_count: int = 10
    day_percent: float = 80.0
    settle: timedelta = timedelta(seconds=10)
    #: Appointments that a sync looks up by their ids before it removes them; 0: none.
    lookups: int = 0
    #: Calls of a sync beyond the first for each span: second looks, confirmations, look-ups.
    extra_calls: int = 200

    def holds_back(self, removals: int, stored: int) -> bool:
        """Whether the sync's removals exceed the limit.

        `stored` counts the clinic's appointments in the sync's range before any removal.
        """
        return removals > self.count and removals * 100 > self.percent * stored

    def holds_back_date(self, removals: int, stored: int) -> bool:
        """The same for one date."""
        return stored >= self.day_count and removals * 100 >= self.day_percent * stored


class Protection(StrEnum):
    """Why a missing appointment stays, whatever later reads show."""

    FAILED_DATE = "failed_date"
    LEFT_OUT_RECORD = "left_out_record"


@dataclass(frozen=True, slots=True)
class MissingAppointment:
    """An appointment that no complete scrape of the sync has seen, on a date that was scraped completely.

    `is_held`: an earlier sync holds its removal already, or a person rejected it. `missing_since` is the first
    read of its date that did not show it. The names are for the person who decides; they are kept out of logs.
    """

    id: UUID
    neo_appointment_id: str
    date: date
    start_time: time
    end_time: time
    appointment_type: str | None
    provider_name: str | None = field(repr=False)
    patient_name: str | None = field(repr=False)
    client_name: str | None = field(repr=False)
    missing_since: datetime
    client_phone: str | None = field(default=None, repr=False)
    client_phone_raw: str | None = field(default=None, repr=False)
    protection: Protection | None = None
    is_held: bool = False
    lookup: Lookup | None = None
    #: Not looked up, although it should have been: the sync's look-ups were used up.
    is_unchecked: bool = False

    @property
    def is_proved_gone(self) -> bool:
        return self.lookup is not None and self.lookup.outcome is LookupOutcome.GONE

    @property
    def is_live(self) -> bool:
        return self.lookup is not None and self.lookup.outcome is LookupOutcome.LIVE

    @property
    def has_moved(self) -> bool:
        """Whether the portal has it at another start."""
        return self.is_live and not self._is_in_place

    @property
    def is_contradicted(self) -> bool:
        """Whether the portal has it at the place where the calendar does not show it."""
        return self.is_live and self._is_in_place

    @property
    def _is_in_place(self) -> bool:
        starts = None if self.lookup is None else self.lookup.starts_at
        return starts is not None and (starts.date(), starts.time()) == (self.date, self.start_time)


@dataclass(frozen=True, slots=True)
class StoredOnDate:
    """What is stored on one date before any removal; `appointments` excludes blocks."""

    rows: int
    appointments: int


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """The missing appointments of a sync, and how reliable its reads are.

    `read_since`: every date that the sync read completely has been read since then. `is_quiet`: since then nothing
    appeared on these dates and nothing went missing, so no appointment was moving while they were read.
    """

    missing: Sequence[MissingAppointment] = ()
    stored: Mapping[date, StoredOnDate] = field(default_factory=dict)
    read_since: datetime | None = None
    is_quiet: bool = False

    @property
    def undecided(self) -> Sequence[MissingAppointment]:
        """The missing appointments of which no look-up says where they are."""
        return [each for each in self.missing if not (each.is_proved_gone or each.is_live)]

    def unchecked(self) -> RemovalPlan:
        """The same plan if no look-up can be made: what has not been looked up stays."""
        missing = [
            replace(each, is_unchecked=True) if each.lookup is None and can_be_looked_up(each) else each
            for each in self.missing
        ]
        return replace(self, missing=missing)

    def is_settled(self, appointment: MissingAppointment, settle: timedelta) -> bool:
        """Whether every date was read so long after the absence began that a move would have been seen."""
        return self.read_since is not None and appointment.missing_since + settle <= self.read_since

    def is_confirmed(self, appointment: MissingAppointment, settle: timedelta) -> bool:
        return (
            self.is_quiet
            and appointment.protection is None
            and not appointment.is_unchecked
            and self.is_settled(appointment, settle)
        )


@dataclass(frozen=True, slots=True)
class RemovalDecision:
    """What becomes of the missing appointments.

    `remove` and `hold` for a person are confirmed by two looks, `proved` are gone by a look-up, `moved` are at
    another start; `keep` are left to a later sync.
    """

    remove: Sequence[UUID] = ()
    hold: Sequence[UUID] = ()
    keep: Sequence[MissingAppointment] = ()
    proved: Sequence[MissingAppointment] = ()
    moved: Sequence[MissingAppointment] = ()


def decide(plan: RemovalPlan, removal_limit: RemovalLimit, *, confirmed: bool = False) -> RemovalDecision:
    """Decides what to remove, hold and keep.

    A removal that an earlier sync holds stays held, whatever the limit says now, until a person approves it.
    `confirmed` treats every absence as confirmed, as a dry run does.
    """
    gone = [
        each
        for each in plan.undecided
        if each.protection is None and (confirmed or each.is_held or plan.is_confirmed(each, removal_limit.settle))
    ]
    held_dates = _held_dates(gone, plan.stored, removal_limit)
    ids = {each.id for each in gone}
    return RemovalDecision(
        remove=[each.id for each in gone if not (each.is_held or each.date in held_dates)],
        hold=[each.id for each in gone if each.is_held or each.date in held_dates],
        keep=[each for each in plan.missing if each.id not in ids and not (each.is_proved_gone or each.has_moved)],
        proved=[each for each in plan.missing if each.is_proved_gone],
        moved=[each for each in plan.missing if each.has_moved],
    )


def to_look_up(plan: RemovalPlan, removal_limit: RemovalLimit, used_calls: int) -> Sequence[MissingAppointment]:
    """The appointments to look up before they are removed, as far as the limits allow.

    Not those whose removal is held: a person decides on them. An occurrence of a repeating record shares its id.
    """
    limit = min(removal_limit.lookups, removal_limit.extra_calls - used_calls)
    return [each for each in plan.missing if can_be_looked_up(each)][: max(limit, 0)]


def can_be_looked_up(appointment: MissingAppointment) -> bool:
    return not appointment.is_held and not is_occurrence(appointment.neo_appointment_id)


def _held_dates(
    gone: Sequence[MissingAppointment], stored: Mapping[date, StoredOnDate], removal_limit: RemovalLimit
) -> Collection[date]:
    """The dates whose removals are held: all of them if the sync would remove too many."""
    rows = Counter(each.date for each in gone)
    appointments = Counter(each.date for each in gone if each.appointment_type != BLOCK)
    if removal_limit.holds_back(len(gone), sum(each.rows for each in stored.values())):
        return rows.keys()
    return {
        day
        for day in rows
        if removal_limit.holds_back_date(rows[day], stored[day].rows)
        or removal_limit.holds_back_date(appointments[day], stored[day].appointments)
    }


def verification_at(plan: RemovalPlan, settle: timedelta) -> datetime | None:
    """When the sync's dates have to be read again; None if that would show nothing new.

    The second look confirms an absence, and finds what was moving while the dates were read, even on dates that
    may lose nothing: the row of a moved appointment must not stay on its old date.
    """
    fresh = [each.missing_since for each in plan.undecided if not plan.is_settled(each, settle)]
    if fresh:
        return max(fresh) + settle
    undecided = any(each.protection is None and not each.is_held for each in plan.undecided)
    return plan.read_since + settle if plan.read_since and undecided and not plan.is_quiet else None
