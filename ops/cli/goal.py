"""The command `clinic goal`: shows and sets how old a clinic's calendar may become."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from actors.settings import Settings
from actors.views.clinics import one_clinic
from engine.durations import in_words
from engine.store.clinics import find_clinic, set_goal
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import MaxAge, seconds_of
from ops.terminal.output import Json, answer, console
from ops.terminal.tables import ago


def goal(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")], *, max_age: MaxAge = None, json: Json = False
) -> None:
    """Show a clinic's freshness goal and whether it is met, or set a new goal.

    `status` and the alert ClinicNotFresh use the goal. A good goal is twice the interval of the clinic's schedule.

    Example: `idexx-sync clinic goal cedar-creek --max-age 60m`
    """
    about = asyncio.run(_goal(settings_here(), clinic, max_age))
    if json:
        fields = ("max_age_seconds", "is_fresh", "fresh_as_of", "last_completed_at")
        answer({"ok": True, "clinic": clinic, **{name: about[name] for name in fields}})
        return
    console().print(f"{clinic}: {goal_line(about)}")


async def _goal(settings: Settings, slug: str, max_age: str | None) -> dict[str, Any]:
    wanted = None if max_age is None else seconds_of(max_age)
    async with open_database(database_url(settings)) as connection:
        clinic = await find_clinic(connection, slug)
        if max_age is not None:
            await set_goal(connection, clinic, wanted)
        return await one_clinic(connection, clinic)


def goal_line(about: dict[str, Any]) -> str:
    """Formats the goal and whether it is met: "last synced 12 min ago, goal 1 h: met"."""
    fresh = about["last_completed_at"]
    last = datetime.fromisoformat(fresh) if isinstance(fresh, str) else fresh
    age = f"last synced {ago(last, datetime.now(UTC))}" if last else "never synced"
    if about["max_age_seconds"] is None:
        return f"{age}; no goal"
    outcome = "[green]met[/]" if about["is_fresh"] else "[red]not met[/]"
    return f"{age}, goal {in_words(about['max_age_seconds'])}: {outcome}"
