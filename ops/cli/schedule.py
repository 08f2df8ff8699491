"""The commands `clinic schedule …`: manage when a clinic is synced automatically."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from cyclopts import App, Parameter
from cyclopts.validators import Number

from actors.schedules.cron import Cron
from actors.settings import Settings
from engine.clinic import Clinic, check_zone
from engine.dates import MAX_DAYS
from engine.store import schedules as store
from engine.store.clinics import find_clinic, set_goal
from engine.store.database import Connection
from ops.cli.check_schedules import check_clock
from ops.cli.rules.clinic_rules import read
from ops.cli.rules.warnings import age_hint
from ops.cli.schedule_page import show_all, show_one
from ops.cli.schedule_preview import preview
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import MaxAge, seconds_of
from ops.terminal.output import Json, answer, say, warn

T = TypeVar("T")

schedule = App(name="schedule", help="Sync a clinic on a schedule.")
schedule.command(preview)

Slug = Annotated[str, Parameter(help="The clinic's slug.")]
Days = Annotated[
    int | None,
    Parameter(
        validator=Number(gte=1, lte=MAX_DAYS),
        help="Number of days, including today; default: the clinic's horizon (14 unless another program set it).",
    ),
]


@schedule.command(name="set")
def set_(
    clinic: Slug,
    cron: Annotated[
        str,
        Parameter(
            help="Five fields (minute hour day-of-month month day-of-week), or a phrase such as "
            "'every 30 minutes'."
        ),
    ],
    *,
    days: Days = None,
    timezone: Annotated[str | None, Parameter(help="An IANA time zone; default: the clinic's.")] = None,
    max_age: MaxAge = None,
    json: Json = False,
) -> None:
    """Set a clinic's schedule, and print its meaning in words.

    Phrases: 'every 30 minutes', 'daily at 06:00 and 12:00', 'on weekdays at 7:15'. nats-server 2.14 or newer keeps the
    schedule; it ticks even while no gateway runs. The command warns if the interval is longer than the clinic's age
    limit (`clinic rules`), beyond which nothing is offered.

    Example: `idexx-sync clinic schedule set cedar-creek "0 6,12 * * *" --days 14 --max-age 8h`
    """
    settings, text = settings_here(), Cron.parse(cron).text
    goal = None if max_age is None else seconds_of(max_age)
    if timezone is not None:
        check_zone(timezone)
    asyncio.run(check_clock(settings))

    async def change(connection: Connection, found: Clinic) -> None:
        await store.set_schedule(connection, found, text, timezone, found.horizon_days if days is None else days)
        if max_age is not None:
            await set_goal(connection, found, goal)

    _with_clinic(settings, clinic, change)
    show_one(settings, clinic, json)
    if not json:
        say("a gateway activates it within seconds")
    if (hint := age_hint(read(settings, clinic))) is not None:
        warn(hint)


@schedule.command
def show(
    clinic: Annotated[str | None, Parameter(help="The clinic's slug; default: all clinics.")] = None,
    *,
    json: Json = False,
) -> None:
    """Show when clinics are due and the outcome of the last scheduled run; for one clinic, the next times.

    Example: `idexx-sync clinic schedule show cedar-creek`
    """
    if clinic is None:
        show_all(settings_here(), json)
    else:
        show_one(settings_here(), clinic, json)


@schedule.command
def pause(clinic: Slug, *, json: Json = False) -> None:
    """Pause a clinic's schedule. Requested syncs still run.

    Example: `idexx-sync clinic schedule pause cedar-creek`
    """
    settings = settings_here()
    _with_clinic(settings, clinic, lambda connection, found: store.pause_schedule(connection, found, True))
    if json:
        show_one(settings, clinic, json)
    else:
        say(f"paused; to resume: idexx-sync clinic schedule resume {clinic}")


@schedule.command
def resume(clinic: Slug, *, json: Json = False) -> None:
    """Resume a clinic's schedule. Runs that were due during the pause are skipped.

    Example: `idexx-sync clinic schedule resume cedar-creek`
    """
    settings = settings_here()
    _with_clinic(settings, clinic, lambda connection, found: store.pause_schedule(connection, found, False))
    show_one(settings, clinic, json)


@schedule.command
def remove(clinic: Slug, *, json: Json = False) -> None:
    """Remove a clinic's schedule, and print the command that restores it.

    Example: `idexx-sync clinic schedule remove cedar-creek`
    """

    async def take(connection: Connection, found: Clinic) -> store.ClinicSchedule:
        had = await store.get_schedule(connection, found)
        await store.remove_schedule(connection, found)
        return had

    had = _with_clinic(settings_here(), clinic, take)
    if json:
        answer({"ok": True, "clinic": clinic, "schedule": None})
        return
    back = f"set {clinic} '{had.cron}' --days {had.days_ahead} --timezone {had.timezone}"
    say(f"removed; to restore it: idexx-sync clinic schedule {back}")


def _with_clinic(settings: Settings, slug: str, act: Callable[[Connection, Clinic], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_database(database_url(settings)) as connection, connection.transaction():
            return await act(connection, await find_clinic(connection, slug))

    return asyncio.run(run())
