"""Formats the console's rows of clinics, in three orders. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from rich.text import Text

from engine.durations import in_words
from ops.console.overview import ConsoleOverview, View
from ops.console.rows import Row, number, time_of
from ops.terminal.tables import ago

CLINICS = ("clinic", "fresh", "appointments", "")
#: The columns that a narrow terminal leaves out.
WIDE_OF_CLINICS = frozenset({"appointments"})

#: Age from which a clinic's data is shown in yellow. Seconds.
OLD = 86_400


class Order(StrEnum):
    """The orders of clinics."""

    PROBLEMS = "problems first"
    OLDEST = "stalest first"
    NAME = "by name"

    @property
    def next(self) -> Order:
        every = list(Order)
        return every[(every.index(self) + 1) % len(every)]


def clinic_rows(overview: ConsoleOverview, now: datetime, order: Order = Order.PROBLEMS) -> list[Row]:
    """Returns a row per clinic. In the order of problems, those that need a person come first, as `attention` has
    them."""
    ranks: dict[str, int] = {}
    for rank, item in enumerate(overview.attention):
        ranks.setdefault(item["clinic"] or "", rank)
    last = len(overview.attention)

    def key(clinic: View) -> tuple[int, str, list[tuple[int, str]]]:
        rank = ranks.get(clinic["slug"], last) if order is Order.PROBLEMS else 0
        age = (clinic["last_completed_at"] or "") if order is not Order.NAME else ""
        return rank, age, _natural(clinic["slug"])

    return [(one["slug"], _clinic(one, overview, now)) for one in sorted(overview.reply["clinics"], key=key)]


def _natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts branch-2 before branch-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", text)]


def _clinic(clinic: View, overview: ConsoleOverview, now: datetime) -> tuple[Text, ...]:
    return (
        Text(clinic["slug"], "bold"),
        _age(clinic, now),
        number(clinic["appointments"]),
        _obstacle(clinic, overview),
    )


def _age(clinic: View, now: datetime) -> Text:
    """Formats the age of a clinic's data, with its goal if it has one; red if older than the goal."""
    fresh, goal = time_of(clinic["last_completed_at"]), clinic["max_age_seconds"]
    is_old = not clinic["is_fresh"] if goal else fresh is None or (now - fresh).total_seconds() > OLD
    style = "green" if not is_old else "bold red" if goal else "yellow"
    age = Text(ago(fresh, now) + (" (partly)" if clinic["last_partial"] else ""), style)
    return age.append(f" of {in_words(goal)}", "dim") if goal else age


def _obstacle(clinic: View, overview: ConsoleOverview) -> Text:
    if clinic["login_failure"]:
        return Text(clinic["login_failure"].replace("_", " "), "bold red")
    if not clinic["has_credentials"]:
        return Text("no credentials", "yellow")
    if clinic["removals_held"]:
        return Text(f"{clinic['removals_held']} removals held", "bold yellow")
    if problem := next((one for one in overview.attention if one["clinic"] == clinic["slug"]), None):
        return Text(problem["message"].partition(": ")[2], "bold yellow")
    running = sum(
        sync["clinic"] == clinic["slug"] and sync["status"] == "in_progress" for sync in overview.reply["syncs"]
    )
    return Text("syncing", "cyan") if running else _due(clinic["schedule"])


def _due(schedule: View | None) -> Text:
    """Formats when the next scheduled sync is due, in the schedule's time zone."""
    if schedule is None:
        return Text()
    if schedule["paused"]:
        return Text("schedule paused", "yellow")
    following = schedule["next"]
    return Text(f"next {datetime.fromisoformat(following):%a %H:%M}" if following else "never due", "dim")
