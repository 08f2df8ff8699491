"""Prints schedules: their meaning in words, the next due times, and the outcome of the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from actors.schedules.cron import Cron
from actors.settings import Settings
from actors.views.clinics import all_clinics, one_clinic
from engine.clinic import check_zone
from engine.errors import BadRequest
from engine.store.clinics import find_clinic
from engine.store.schedules import ClinicSchedule, get_schedule
from engine.store.syncs.reading import database_time
from ops.cli.goal import goal_line
from ops.client.connections import open_database
from ops.local.discovery import database_url
from ops.terminal.output import answer, console, warn
from ops.terminal.tables import table

#: Number of next times shown.
SHOWN = 3


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Formats a time in a time zone: Wed 25 Nov 06:00."""
    return f"{at.astimezone(zone):%a %d %b %H:%M}"


def moments(times: Sequence[datetime], zone: ZoneInfo) -> str:
    return ", ".join(moment(at, zone) for at in times) or "never"


def warn_of_left_out(times: Sequence[datetime], zone: ZoneInfo) -> None:
    """Warns of times that a change to summer time skips: that night has no 02:30."""
    for at in times:
        warn(
            f"{at:%a %d %b %Y %H:%M} does not exist in {zone.key}, whose clocks are put forward: "
            "this run is skipped"
        )


def show_one(settings: Settings, slug: str, as_json: bool) -> None:
    """Prints a clinic's schedule. Raises `NoSchedule`."""
    about, schedule, now = asyncio.run(_one(settings, slug))
    view = about["schedule"]
    if as_json:
        goal = {name: about[name] for name in ("max_age_seconds", "is_fresh")}
        answer({"ok": True, "clinic": slug, "schedule": view, **goal})
        return
    out = console()
    days = f"{view['days_ahead']} day{'s' * (view['days_ahead'] != 1)}"
    out.print(f"[bold]{slug}[/]: {view['words']} ({view['timezone']}), {days} from today on", soft_wrap=True)
    left_out = _print_next(schedule, now)
    out.print(f"last: {_last(view, _zone(view['timezone']))}", soft_wrap=True)
    out.print(goal_line(about))
    warn_of_left_out(left_out, _zone(view["timezone"]))


def _print_next(schedule: ClinicSchedule, now: datetime) -> list[datetime]:
    """Prints the next due times; returns the times that clock changes skip."""
    if schedule.paused:
        console().print(f"[yellow]paused[/]; to resume: idexx-sync clinic schedule resume {schedule.clinic}")
        return []
    try:
        cron, zone = Cron.parse(schedule.cron), check_zone(schedule.timezone)
    except BadRequest:  # the schedule's description already reports it
        return []
    console().print(f"next: {moments(list(islice(cron.after(now, zone), SHOWN)), zone)}")
    return cron.left_out(now, zone)


def show_all(settings: Settings, as_json: bool) -> None:
    """Prints every clinic that has a schedule."""
    clinics = [one for one in asyncio.run(_all(settings)) if one["schedule"]]
    if as_json:
        for one in clinics:
            answer({"clinic": one["slug"], "schedule": one["schedule"]})
        return
    shown = table("clinic", "schedule", "zone", "next", "last", wrap=("schedule", "last"))
    for one in clinics:
        view = one["schedule"]
        zone = _zone(view["timezone"])
        following = (
            "[yellow]paused[/]" if view["paused"] else moment(view["next"], zone) if view["next"] else "never"
        )
        shown.add_row(one["slug"], view["words"], view["timezone"], following, _last(view, zone))
    none = "no clinic has a schedule: idexx-sync clinic schedule set CLINIC '0 6,12 * * *'"
    console().print(shown if clinics else none)


def _last(view: dict[str, Any], zone: ZoneInfo) -> str:
    if view["last_tick_at"] is None:
        return "not yet"
    at = moment(view["last_tick_at"], zone)
    match view["last_outcome"]:
        case "refused":
            return f"{at} [red]refused[/]: {view['last_refusal']}"
        case "covered":
            return f"{at} covered by sync {view['last_sync_id']}, which was already queued or running"
    return f"{at} {view['last_outcome']} sync {view['last_sync_id']}"


def _zone(name: str) -> ZoneInfo:
    try:
        return check_zone(name)
    except BadRequest:
        return ZoneInfo("UTC")


async def _one(settings: Settings, slug: str) -> tuple[dict[str, Any], ClinicSchedule, datetime]:
    async with open_database(database_url(settings)) as connection:
        clinic = await find_clinic(connection, slug)
        schedule = await get_schedule(connection, clinic)
        return await one_clinic(connection, clinic), schedule, await database_time(connection)


async def _all(settings: Settings) -> list[dict[str, Any]]:
    async with open_database(database_url(settings)) as connection:
        return await all_clinics(connection)
