"""When appointments that are no longer seen may be removed, and when a person is asked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

#: How long the portal may show an appointment that moves on neither day.
MOVE_SETTLES = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Fence:
    """A sync that would remove more than `count` and more than `percent` of what is stored removes nothing.

    Both have to be passed: a small clinic may lose half of its ten appointments, a large one 25 of a thousand.
    """

    count: int = 20
    percent: float = 30.0

    def holds_back(self, removals: int, stored: int) -> bool:
        """`stored` counts the clinic's appointments in the sync's range before anything is removed."""
        return removals > self.count and removals * 100 > self.percent * stored


@dataclass(frozen=True, slots=True)
class MissingAppointment:
    """One that no complete scrape of the sync has seen, on a date that was scraped completely.

    `is_protected`: a date that failed may be where it has moved to. `is_held`: an earlier sync holds its removal
    back already, or somebody rejected it. `missing_since` is the first look at its date that did not show it. The
    names are for the person who decides; they are kept out of logs.
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
    is_protected: bool = False
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """What a sync would remove. `stored` counts the clinic's appointments in its range."""

    missing: Sequence[MissingAppointment]
    stored: int

    @property
    def removable(self) -> list[MissingAppointment]:
        return [appointment for appointment in self.missing if not appointment.is_protected]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ids to remove now, and those to hold back for a person."""

    remove: Sequence[UUID]
    hold: Sequence[UUID]


def judge(plan: RemovalPlan, fence: Fence) -> Verdict:
    """What an earlier sync holds back stays held, whatever the fence says now: a person has been asked, and has not
    said yes."""
    removable = plan.removable
    holds_back = fence.holds_back(len(removable), plan.stored)
    hold = [appointment.id for appointment in removable if holds_back or appointment.is_held]
    remove = [appointment.id for appointment in removable if not (holds_back or appointment.is_held)]
    return Verdict(remove, hold)


def dates_to_look_at_again(
    plan: RemovalPlan, scraped: Mapping[date, datetime], settles: timedelta = MOVE_SETTLES
) -> list[date]:
    """The dates (of those scraped completely, with the time of their newest look) that cannot vouch for the plan:
    they were read before the absence was seen, or so soon after it that a move may not have settled."""
    if not plan.removable:
        return []
    settled = max(appointment.missing_since for appointment in plan.removable) + settles
    return sorted(day for day, scraped_at in scraped.items() if scraped_at < settled)
