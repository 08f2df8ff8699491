"""The command `status`: shows how fresh each clinic is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter
from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from actors.views.clinics import all_clinics
from engine.durations import in_words
from engine.store.monitoring import clinic_figures
from engine.sync import SyncStatus
from ops.cli.goal import goal_line
from ops.cli.staleness_reasons import staleness_reasons
from ops.cli.sync_page import show_sync
from ops.client.connections import open_database, open_nats
from ops.client.exit_status import Exit, sign_in_remedy
from ops.client.requests import ask
from ops.local.discovery import database_url, nats_url, settings_here
from ops.terminal.output import Json, answer, console, warn
from ops.terminal.tables import ago, table

Clinic = Annotated[str | None, Parameter(help="The clinic's slug; default: all clinics.")]


Check = Annotated[
    bool,
    Parameter(negative=(), show_default=False, help="Exit with 1 if a clinic is older than its freshness goal."),
]


def status(clinic: Clinic = None, *, check: Check = False, json: Json = False) -> int:
    """Show the freshness of each clinic, or one clinic's latest sync with its dates.

    The list of all clinics is read from the database; for one clinic, a gateway is asked over NATS.

    Example: `idexx-sync status` or `idexx-sync status cedar-creek --check`
    """
    settings = settings_here()
    shown = asyncio.run(_all_clinics(settings, json) if clinic is None else _one_clinic(settings, clinic, json))
    stale = [one["slug"] for one in shown if one["is_fresh"] is False]
    if not (check and stale):
        return Exit.OK
    if not json:
        warn(f"older than the freshness goal: {', '.join(stale)}")
    return Exit.FAILED


async def _all_clinics(settings: Settings, as_json: bool) -> list[dict[str, Any]]:
    async with open_database(database_url(settings)) as connection:
        clinics = await all_clinics(connection)
        figures = {one.slug: one for one in await clinic_figures(connection)}
    reasons = {one["slug"]: staleness_reasons(one, figures.get(one["slug"])) for one in clinics}
    if as_json:
        views = [one | {"why_not": [words for words, _ in reasons[one["slug"]]]} for one in clinics]
        answer({"ok": True, "clinics": views})
        return clinics
    shown = table(
        *("clinic", "name", "zone", "fresh", "goal", "next", "appointments", "why not fresh"),
        right=("appointments",),
        wrap=("name", "why not fresh"),
    )
    now = datetime.now(UTC)
    for one in clinics:
        words = "; ".join(f"[{colour}]{words}[/]" for words, colour in reasons[one["slug"]])
        goal = in_words(one["max_age_seconds"]) if one["max_age_seconds"] else ""
        shown.add_row(
            *(one["slug"], one["name"], one["timezone"], _fresh(one, now), goal, _next(one)),
            *(str(one["appointments"]), words),
        )
    console().print(shown if clinics else "no clinic is stored yet: idexx-sync clinic add")
    return clinics


def _fresh(clinic: dict[str, Any], now: datetime) -> str:
    """Formats a clinic's age: red if older than its goal, green if not, plain without a goal."""
    words = ago(clinic["last_completed_at"], now) + (" (partly)" if clinic["last_partial"] else "")
    colour = {True: "green", False: "red", None: "default"}[clinic["is_fresh"]]
    return f"[{colour}]{words}[/]"


def _moment(text: str | None) -> str:
    return f"{datetime.fromisoformat(text):%a %d %b %H:%M}" if text else "never"


def _next(clinic: dict[str, Any]) -> str:
    """Formats when the clinic is due, in its schedule's time zone."""
    schedule = clinic["schedule"]
    if schedule is None:
        return ""
    return (
        "[yellow]paused[/]"
        if schedule["paused"]
        else f"{schedule['next']:%a %H:%M}"
        if schedule["next"]
        else "never"
    )


async def _one_clinic(settings: Settings, clinic: str, as_json: bool) -> list[dict[str, Any]]:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        reply = await ask(client, subjects, "status", clinic)
        waits_for = None if as_json else await _running(client, subjects, clinic, reply["sync"])
    if as_json:
        answer(reply)
        return [reply["clinic"]]
    out, about, sync = console(), reply["clinic"], reply["sync"]
    out.print(f"[bold]{about['name']}[/] ({about['slug']}, {about['timezone']})")
    if about.get("portal"):
        out.print(f"portal: {about['portal']}")
    out.print(goal_line(about))
    if schedule := about["schedule"]:
        due = "paused" if schedule["paused"] else f"next {_moment(schedule['next'])}"
        out.print(f"schedule: {schedule['words']} ({schedule['timezone']}), {due}")
    if about.get("login_failure"):
        out.print(f"[red]the portal rejects its sign-in: {about['login_failure']}[/]")
        out.print(f"  next: {sign_in_remedy(clinic, [about['login_failure']])}")
    if sync is None:
        out.print(f"no sync yet: idexx-sync sync {clinic}")
    for one in (waits_for, sync):
        if one is not None:
            show_sync(out, one, datetime.now(UTC))
    return [about]


async def _running(
    client: Client, subjects: Subjects, clinic: str, latest: dict[str, Any] | None
) -> dict[str, Any] | None:
    """If the latest sync is queued, returns the oldest running one, which shows what the clinic waits for."""
    if latest is None or latest["status"] != SyncStatus.QUEUED:
        return None
    syncs = (await ask(client, subjects, "overview", clinic))["syncs"]
    running = [one["sync_id"] for one in syncs if one["status"] == SyncStatus.IN_PROGRESS]
    if not running:
        return None
    found: dict[str, Any] = (await ask(client, subjects, "status", clinic, sync_id=running[-1]))["sync"]
    return found
