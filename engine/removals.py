"""Decides which missing appointments are removed, and which removals wait for a person's decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from engine.appointment import BLOCK
from engine.warnings import SyncWarning, WarningCode


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """Limits of the removals without a decision, and the time for which an absence must last.

    A sync that would remove more than `count` and more than `percent` of the stored appointments removes nothing.
    Both limits have to be exceeded: a small clinic may lose half of its ten appointments, a large one 25 of a
    thousand. A date with `day_count` or more stored appointments that would lose `day_percent` of them keeps all
    of them, whatever the total. `settle` is the time between the two reads that confirm an absence; it is
    longer than the portal may hide a move.
    """

    count: int = 20
    percent: float = 30.0
    day_count: int = 10
    day_percent: float = 80.0
    settle: timedelta = timedelta(seconds=10)

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

    def is_settled(self, appointment: MissingAppointment, settle: timedelta) -> bool:
        """Whether every date was read so long after the absence began that a move would have been seen."""
        return self.read_since is not None and appointment.missing_since + settle <= self.read_since

    def is_confirmed(self, appointment: MissingAppointment, settle: timedelta) -> bool:
        return self.is_quiet and appointment.protection is None and self.is_settled(appointment, settle)


@dataclass(frozen=True, slots=True)
class RemovalDecision:
    """The ids to remove now, the ids to hold for a person, and the appointments left to a later sync."""

    remove: Sequence[UUID] = ()
    hold: Sequence[UUID] = ()
    keep: Sequence[MissingAppointment] = ()


def decide(plan: RemovalPlan, removal_limit: RemovalLimit, *, confirmed: bool = False) -> RemovalDecision:
    """Decides what to remove, hold and keep.

    A removal that an earlier sync holds stays held, whatever the limit says now, until a person approves it.
    `confirmed` treats every absence as confirmed, as a dry run does.
    """
    gone = [
        each
        for each in plan.missing
        if each.protection is None and (confirmed or each.is_held or plan.is_confirmed(each, removal_limit.settle))
    ]
    held_dates = _held_dates(gone, plan.stored, removal_limit)
    ids = {each.id for each in gone}
    return RemovalDecision(
        remove=[each.id for each in gone if not (each.is_held or each.date in held_dates)],
        hold=[each.id for each in gone if each.is_held or each.date in held_dates],
        keep=[each for each in plan.missing if each.id not in ids],
    )


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


def second_look_at(plan: RemovalPlan, settle: timedelta) -> datetime | None:
    """When the sync's dates have to be read again; None if that would show nothing new.

    The second look confirms an absence, and finds what was moving while the dates were read, even on dates that
    may lose nothing: the row of a moved appointment must not stay on its old date.
    """
    fresh = [each.missing_since for each in plan.missing if not plan.is_settled(each, settle)]
    if fresh:
        return max(fresh) + settle
    undecided = any(each.protection is None and not each.is_held for each in plan.missing)
    return plan.read_since + settle if plan.read_since and undecided and not plan.is_quiet else None


def warning_of_kept(kept: Iterable[MissingAppointment]) -> SyncWarning | None:
    """The warning about appointments that the calendar does not show and that stay; None if there are none."""
    reasons = Counter(_WHY_KEPT[each.protection] for each in kept)
    if not reasons:
        return None
    counts = "; ".join(f"{count} {reason}" for reason, count in reasons.items())
    return SyncWarning(
        WarningCode.REMOVALS_UNCONFIRMED,
        f"appointments that the calendar does not show are kept: {counts}",
        reasons.total(),
    )


_WHY_KEPT = {
    None: "until a later sync confirms that they are gone",
    Protection.FAILED_DATE: "that may have moved to a date that failed",
    Protection.LEFT_OUT_RECORD: "that may be among the records that could not be read",
}
