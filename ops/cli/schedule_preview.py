"""The command `clinic schedule preview`: shows when a schedule would be due, without changing anything."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from cyclopts.validators import Number

from actors.schedules.cron import Cron
from actors.settings import Settings
from engine.clinic import SLUG, check_zone
from engine.store.clinics import find_clinic
from engine.store.schedules import get_schedule
from ops.cli.schedule_page import moment, warn_of_left_out
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console


def preview(
    clinic_or_cron: Annotated[str, Parameter(help="A clinic's slug, or a schedule in quotes.")],
    /,
    *,
    count: Annotated[int, Parameter(validator=Number(gte=1, lte=1000), help="Number of times to show.")] = 5,
    timezone: Annotated[
        str | None, Parameter(help="An IANA time zone; default: the clinic's, or UTC for a schedule.")
    ] = None,
    json: Json = False,
) -> None:
    """Show the next times of a clinic's schedule or of a given one. Changes nothing.

    Example: `idexx-sync clinic schedule preview "0 6,12 * * *" --timezone America/Chicago`
    """
    given = None if timezone is None else check_zone(timezone)
    if SLUG.fullmatch(clinic_or_cron):
        text, own = asyncio.run(_stored(settings_here(), clinic_or_cron))
        cron, zone = Cron.parse(text), given or check_zone(own)
    else:
        cron, zone = Cron.parse(clinic_or_cron), given or ZoneInfo("UTC")
    now = datetime.now(UTC)
    times, left_out = list(islice(cron.after(now, zone), count)), cron.left_out(now, zone)
    if json:
        meaning = {"cron": cron.text, "timezone": zone.key, "words": cron.words}
        answer({"ok": True, **meaning, "times": times, "left_out": left_out})
        return
    console().print(f"{cron.words} ({zone.key})", soft_wrap=True)
    for at in times:
        console().print(f"  {moment(at, zone)}  [dim]{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC[/]")
    warn_of_left_out(left_out, zone)


async def _stored(settings: Settings, slug: str) -> tuple[str, str]:
    async with open_database(database_url(settings)) as connection:
        schedule = await get_schedule(connection, await find_clinic(connection, slug))
    return schedule.cron, schedule.timezone
