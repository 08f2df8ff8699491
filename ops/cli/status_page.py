"""Prints how fresh clinics are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from engine.durations import in_words
from ops.cli.goal import goal_line
from ops.cli.sync_page import show_sync
from ops.client.exit_status import sign_in_remedy
from ops.terminal.tables import ago, table

if TYPE_CHECKING:
    from rich.console import Console


#: From this width on, the list of clinics has names and zones.
WIDE = 110


def show_clinics(
    out: Console, *, clinics: Sequence[dict[str, Any]], reasons: Mapping[str, list[tuple[str, str]]]
) -> None:
    about = ("name", "zone") if out.width >= WIDE else ()
    shown = table(
        *("clinic", *about, "fresh", "goal", "next", "appointments", "why not fresh"),
        right=("appointments",),
        wrap=("name", "why not fresh"),
    )
    now = datetime.now(UTC)
    for one in clinics:
        words = "; ".join(f"[{color}]{words}[/]" for words, color in reasons[one["slug"]])
        goal = in_words(one["max_age_seconds"]) if one["max_age_seconds"] else ""
        shown.add_row(
            *(one["slug"], *([escape(one["name"]), one["timezone"]] if about else [])),
            *(_fresh(one, now), goal, _next(one), str(one["appointments"]), words),
        )
    out.print(shown if clinics else "no clinic is stored yet: idexx-sync clinic add")


def show_clinic(out: Console, *, reply: Mapping[str, Any], waits_for: dict[str, Any] | None) -> None:
    """Prints a clinic and its latest sync, after the one that it waits for."""
    about, sync = reply["clinic"], reply["sync"]
    out.print(f"[bold]{escape(about['name'])}[/] ({about['slug']}, {about['timezone']})")
    if about.get("portal"):
        out.print(f"portal: {about['portal']}")
    out.print(goal_line(about))
    if schedule := about["schedule"]:
        due = "paused" if schedule["paused"] else f"next {_moment(schedule['next'])}"
        out.print(f"schedule: {schedule['words']} ({schedule['timezone']}), {due}")
    if about.get("login_failure"):
        out.print(f"[red]the portal rejects its sign-in: {about['login_failure']}[/]")
        out.print(f"  next: {sign_in_remedy(about['slug'], [about['login_failure']])}")
    if sync is None:
        out.print(f"no sync yet: idexx-sync sync {about['slug']}")
    for one in (waits_for, sync):
        if one is not None:
            show_sync(out, one, datetime.now(UTC))


def _fresh(clinic: dict[str, Any], now: datetime) -> str:
    """Formats a clinic's age: red if older than its goal, green if not, plain without a goal."""
    words = ago(clinic["last_completed_at"], now) + (" (partly)" if clinic["last_partial"] else "")
    color = {True: "green", False: "red", None: "default"}[clinic["is_fresh"]]
    return f"[{color}]{words}[/]"


def _moment(text: str | None) -> str:
    return f"{datetime.fromisoformat(text):%a %d %b %H:%M}" if text else "never"


def _next(clinic: dict[str, Any]) -> str:
    """Formats when the clinic is due, in its schedule's time zone."""
    schedule = clinic["schedule"]
    if schedule is None:
        return ""
    if schedule["paused"]:
        return "[yellow]paused[/]"
    return f"{schedule['next']:%a %H:%M}" if schedule["next"] else "never"
