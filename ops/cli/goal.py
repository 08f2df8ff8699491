"""The command `clinic goal`: shows and sets how old a clinic's calendar may become."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from actors.clinic_views import one_clinic
from actors.settings import Settings
from engine.store.clinics import find_clinic, set_goal
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import MaxAge, in_words, seconds_of
from ops.terminal.output import Json, answer, console
from ops.terminal.tables import ago


def goal(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")], *, max_age: MaxAge = None, json: Json = False
) -> None:
    """A clinic's freshness goal, and whether it is held; or a new goal.

    `status` and the alert ClinicNotFresh hold it to the goal. Twice the distance of its schedule is a good one.

    Example: `idexx-sync clinic goal cedar-creek --max-age 60m`
    """
    about = asyncio.run(_goal(settings_here(), clinic, max_age))
    if json:
        told = ("max_age_seconds", "is_fresh", "fresh_as_of", "last_completed_at")
        answer({"ok": True, "clinic": clinic, **{name: about[name] for name in told}})
        return
    console().print(f"{clinic}: {held(about)}")


async def _goal(settings: Settings, slug: str, max_age: str | None) -> dict[str, Any]:
    wanted = None if max_age is None else seconds_of(max_age)
    async with open_database(database_url(settings)) as connection:
        clinic = await find_clinic(connection, slug)
        if max_age is not None:
            await set_goal(connection, clinic, wanted)
        return await one_clinic(connection, clinic)


def held(about: dict[str, Any]) -> str:
    """Formats the goal and whether it is met: "last synced 12 min ago, goal 1 h: held"."""
    fresh = about["last_completed_at"]
    last = datetime.fromisoformat(fresh) if isinstance(fresh, str) else fresh
    told = f"last synced {ago(last, datetime.now(UTC))}" if last else "never synced"
    if about["max_age_seconds"] is None:
        return f"{told}; no goal"
    verdict = "[green]held[/]" if about["is_fresh"] else "[red]not held[/]"
    return f"{told}, goal {in_words(about['max_age_seconds'])}: {verdict}"
