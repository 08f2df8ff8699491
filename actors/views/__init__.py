"""Syncs and clinics as clients see them: plain JSON values, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from actors.schedules.cron import Cron
from engine.clinic import Clinic, check_zone
from engine.errors import BadRequest
from engine.store.schedules import ClinicSchedule
from engine.sync import DateState, Sync


def sync_view(sync: Sync, dates: Sequence[DateState] = (), position: int = 0) -> dict[str, Any]:
    """A sync as stored, with its dates in working order. A dry run's plan may be long and has its own request."""
    fields = asdict(sync)
    stats, covered = fields.pop("stats"), sync.dates
    del fields["dates"], fields["id"], fields["clinic_id"]
    plan = fields.pop("plan")
    fields["warnings"] = [warning.public() for warning in sync.warnings]
    view = {"sync_id": sync.id, "position": position, "start_date": covered.start, "end_date": covered.end}
    view |= fields | {"stats": stats, "changes_planned": None if plan is None else len(plan)}
    if dates:
        view["dates"] = [asdict(state) for state in dates]
    return view


def clinic_view(
    clinic: Clinic, freshness: Mapping[str, Any], schedule: ClinicSchedule | None, now: datetime
) -> dict[str, Any]:
    """A clinic with its freshness, its schedule, and what keeps it from signing in.

    `fresh_as_of` is the time of its last completed sync; None: never.
    """
    about = {
        "slug": clinic.slug,
        "id": clinic.id,
        "name": clinic.name,
        "timezone": clinic.timezone,
        "timezone_problem": clinic.timezone_problem,
        "portal": clinic.portal,
    }
    return about | freshness_view(freshness, now) | {"schedule": schedule_view(schedule, now)}


def freshness_view(clinic: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """`is_fresh` beside `fresh_as_of` and `max_age_seconds`: None where the clinic has no goal."""
    oldest, goal = clinic["fresh_as_of"], clinic["max_age_seconds"]
    fresh = None if goal is None else oldest is not None and (now - oldest).total_seconds() <= goal
    return {**clinic, "is_fresh": fresh}


def schedule_view(schedule: ClinicSchedule | None, now: datetime) -> dict[str, Any] | None:
    """A schedule in words, and when it is due next: None while it is paused."""
    if schedule is None:
        return None
    fields = asdict(schedule)
    del fields["clinic"]
    try:
        cron, zone = Cron.parse(schedule.cron), check_zone(schedule.timezone)
    except BadRequest as error:  # written into the table by hand
        return {**fields, "words": error.message, "next": None}
    following = None if schedule.paused else next(cron.after(now, zone), None)
    return {**fields, "words": cron.words, "next": following}
