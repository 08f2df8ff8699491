"""What a person should know about a clinic's rules: what keeps its times from being offered."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from actors.schedules.cron import Cron
from engine.clinic import check_zone
from engine.durations import in_words
from engine.errors import BadRequest
from engine.offer.rule_text import MONDAY_FIRST, WEEKDAYS
from engine.store.schedules import ClinicSchedule
from ops.cli.choose_columns import choose_columns
from ops.cli.rules.clinic_rules import RulesView

#: How far ahead the intervals of a schedule are compared: a week, whatever the day on which it begins.
_AHEAD = timedelta(days=8)


def hints(view: RulesView) -> list[str]:
    """The sentences to print after the rules."""
    return [hint for hint in (columns_hint(view), age_hint(view), bookable_hint(view)) if hint is not None]


def columns_hint(view: RulesView) -> str | None:
    """What to do if no columns are chosen, or if they could not be checked."""
    if view.stored.rules.columns is not None:
        unchecked = "the portal's columns were never read, so those of the rules could not be checked"
        return f"{unchecked}: {_read_first(view)}" if view.names.columns is None else None
    there = f"; the portal has {view.names.listed()}" if view.names.columns else ""
    command = choose_columns(view.clinic.slug, view.names.columns) if view.names.columns else _read_first(view)
    return f"no columns are chosen{there}: {command}"


def _read_first(view: RulesView) -> str:
    return f"idexx-sync sync {view.clinic.slug} reads them"


def age_hint(view: RulesView) -> str | None:
    """What to do if the schedule's longest interval exceeds the age limit."""
    limit = view.defaults.age_limit(view.stored.rules)
    gap = None if view.schedule is None else longest_interval(view.schedule, view.now)
    if gap is None or gap <= limit:
        return None
    enough = in_words(-(-gap // 60) * 60).replace(" ", "")
    return (
        f"syncs are up to {in_words(gap)} apart, but what was read more than {in_words(limit)} ago is not offered: "
        f"sync more often, or idexx-sync clinic rules set {view.clinic.slug} --max-age {enough}"
    )


def bookable_hint(view: RulesView) -> str | None:
    """Which weekdays offer nothing, although they have bookable times."""
    days = [WEEKDAYS[day] for day in MONDAY_FIRST if day in view.without_starts]
    if not days:
        return None
    return (
        f"{', '.join(days)}: nothing is offered, since no start of the grid is both in the bookable times and in the "
        f"opening hours: idexx-sync clinic config {view.clinic.slug} shows the hours"
    )


def longest_interval(schedule: ClinicSchedule, now: datetime) -> int | None:
    """The longest time between two runs of the coming week, in seconds; None if the schedule is paused or invalid."""
    if schedule.paused:
        return None
    try:
        return _longest(Cron.parse(schedule.cron), check_zone(schedule.timezone), now)
    except BadRequest:
        return None


def _longest(cron: Cron, zone: ZoneInfo, now: datetime) -> int | None:
    end = now + _AHEAD
    times = list(takewhile(lambda at: at < end, cron.after(now, zone)))
    if len(times) < 2:
        times = list(islice(cron.after(now, zone), 2))
    # In UTC: the difference of two local times ignores a change of clocks between them.
    utc = [at.astimezone(ZoneInfo("UTC")) for at in times]
    return max((int((later - earlier).total_seconds()) for earlier, later in pairwise(utc)), default=None)
