"""When appointments that are no longer seen may be removed, and when a person is asked first."""

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
    """How much is removed without asking a person, and how long an absence must last.

    A sync that would remove more than `count` and more than `percent` of what is stored removes nothing. Both have
    to be passed: a small clinic may lose half of its ten appointments, a large one 25 of a thousand. A date of
    `day_count` or more stored appointments that would lose `day_percent` of them keeps them all, whatever the
    total. `settle` is the time between two looks that confirm an absence, longer than a move may be hidden.
    """

    count: int = 20
    percent: float = 30.0
    day_count: int = 10
    day_percent: float = 80.0
    settle: timedelta = timedelta(seconds=10)

    def holds_back(self, removals: int, stored: int) -> bool:
        """`stored` counts the clinic's appointments in the sync's range before anything is removed."""
        return removals > self.count and removals * 100 > self.percent * stored

    def holds_back_date(self, removals: int, stored: int) -> bool:
        """The same for one date."""
        return stored >= self.day_count and removals * 100 >= self.day_percent * stored


class Protection(StrEnum):
    """Why an appointment that was not seen stays, whatever later looks say."""

    FAILED_DATE = "failed_date"
    LEFT_OUT_RECORD = "left_out_record"


@dataclass(frozen=True, slots=True)
class MissingAppointment:
    """One that no complete scrape of the sync has seen, on a date that was scraped completely.

    `is_held`: an earlier sync holds its removal back already, or a person rejected it. `missing_since` is the first
    look at its date that did not show it. The names are for the person who decides; they are kept out of logs.
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
    """What is stored on one date before anything is removed; `appointments` are those that are no blocks."""

    rows: int
    appointments: int


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """What a sync did not see, and what its looks are worth.

    `read_since`: every date that the sync read completely has been looked at since then. `is_quiet`: since then
    nothing appeared on these dates and nothing went missing, so no appointment was moving while they were read.
    """

    missing: Sequence[MissingAppointment] = ()
    stored: Mapping[date, StoredOnDate] = field(default_factory=dict)
    read_since: datetime | None = None
    is_quiet: bool = False

    def is_settled(self, appointment: MissingAppointment, settle: timedelta) -> bool:
        """Whether every date was looked at so long after the absence began that a move would have been seen."""
        return self.read_since is not None and appointment.missing_since + settle <= self.read_since

    def is_confirmed(self, appointment: MissingAppointment, settle: timedelta) -> bool:
        return self.is_quiet and appointment.protection is None and self.is_settled(appointment, settle)


@dataclass(frozen=True, slots=True)
class RemovalDecision:
    """The ids to remove now, those to hold back for a person, and those that stay until a later sync decides."""

    remove: Sequence[UUID] = ()
    hold: Sequence[UUID] = ()
    keep: Sequence[MissingAppointment] = ()


def decide(plan: RemovalPlan, removal_limit: RemovalLimit, *, confirmed: bool = False) -> RemovalDecision:
    """What an earlier sync holds back stays held, whatever the fence says now: a person has been asked, and has not
    said yes. `confirmed` takes every absence for confirmed, as a dry run does."""
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
    """The dates whose removals are held back: all of them if the sync would remove too many."""
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
    """From when on the sync's dates have to be read once more; None where that would tell nothing new.

    It confirms an absence, and finds what was moving while the dates were read: on a date that may lose nothing,
    too, since the row of a moved appointment must not stay where it was.
    """
    fresh = [each.missing_since for each in plan.missing if not plan.is_settled(each, settle)]
    if fresh:
        return max(fresh) + settle
    undecided = any(each.protection is None and not each.is_held for each in plan.missing)
    return plan.read_since + settle if plan.read_since and undecided and not plan.is_quiet else None


def warning_of_kept(kept: Iterable[MissingAppointment]) -> SyncWarning | None:
    """What to say of appointments that the calendar does not show and that stay; None where there are none."""
    reasons = Counter(_WHY_KEPT[each.protection] for each in kept)
    if not reasons:
        return None
    told = "; ".join(f"{count} {reason}" for reason, count in reasons.items())
    return SyncWarning(
        WarningCode.REMOVALS_UNCONFIRMED,
        f"appointments that the calendar does not show stay: {told}",
        reasons.total(),
    )


_WHY_KEPT = {
    None: "until a later sync confirms that they are gone",
    Protection.FAILED_DATE: "that may have moved to a date that failed",
    Protection.LEFT_OUT_RECORD: "that may be among the records that were left out",
}
