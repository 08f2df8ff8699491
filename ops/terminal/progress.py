"""Folds the events of a sync into its progress. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from engine.events import LAST
from engine.failure import FATAL_FOR_SYNC
from engine.warnings import WarningCode
from ops.client.events import Event
from ops.client.exit_status import sign_in_remedy


@dataclass
class DateProgress:
    """Progress of one date. `state`: waiting, started, retrying, completed or failed."""

    state: str = "waiting"
    reason: str | None = None
    next_try_at: datetime | None = None
    attempt: int = 0


@dataclass
class SyncProgress:
    sync_id: str
    clinic: str
    status: str = "accepted"
    dry_run: bool = False
    total: int = 0
    done: int = 0
    percentage: int = 0
    position: int = 0
    started_at: datetime | None = None
    last_at: datetime | None = None
    added: int = 0
    changed: int = 0
    #: The accepted `start_date` and `end_date`.
    span: dict[str, str] = field(default_factory=dict)
    dates: dict[str, DateProgress] = field(default_factory=dict)
    #: Number of retries of dates, by reason.
    tried_again: Counter[str] = field(default_factory=Counter)
    #: The last event of the sync, once it has ended.
    ending: Event | None = None

    @property
    def is_over(self) -> bool:
        return self.ending is not None

    @property
    def failed(self) -> list[str]:
        return [day for day, state in self.dates.items() if state.state == "failed"]

    @property
    def waits(self) -> bool:
        """Whether a date waits for a retry."""
        return any(state.state == "retrying" for state in self.dates.values())

    @property
    def is_read(self) -> bool:
        """Whether every date is closed."""
        closed = sum(state.state in ("completed", "failed") for state in self.dates.values())
        return 0 < self.total == closed

    def looks_again(self, event: Event) -> bool:
        """Whether `event`, the next one, restarts a completed date to verify its removals."""
        state = self.dates.get(event.get("date", ""))
        return event["event"] == "date_started" and state is not None and state.state == "completed"

    def seconds(self, now: datetime) -> float:
        """Returns the seconds since the sync's start, by the events' clock; until its end if it has ended."""
        end = self.last_at if self.is_over else now
        return max(0.0, (end - self.started_at).total_seconds()) if self.started_at and end else 0.0

    def apply(self, event: Event) -> None:
        """Applies the next event."""
        name, at = event["event"], datetime.fromisoformat(event["at"])
        self.last_at = at
        self.total, self.done = event["dates_total"], event["dates_done"]
        self.percentage = event["progress_percentage"]
        self.status = event["status"]
        self.dry_run = bool(event.get("dry_run"))
        if name == "accepted":
            self._know_range(event)
        elif name == "queued":
            self.position = event.get("position", 0)
        elif name == "started":
            self.started_at, self.position = at, 0
        elif "date" in event:
            self._apply_to_date(name, event)
        if name in LAST:
            self.ending = event

    def _know_range(self, event: Event) -> None:
        if "start_date" in event and "end_date" in event:
            self.span = {name: event[name] for name in ("start_date", "end_date")}
            day, end = date.fromisoformat(event["start_date"]), date.fromisoformat(event["end_date"])
            while day <= end:
                self.dates[day.isoformat()] = DateProgress()
                day += timedelta(days=1)

    def _apply_to_date(self, name: str, event: Event) -> None:
        state = self.dates.setdefault(event["date"], DateProgress())
        state.state = name.removeprefix("date_")
        state.reason, state.attempt = event.get("reason"), event.get("attempt", 0)
        again = event.get("next_try_at")
        state.next_try_at = datetime.fromisoformat(again) if again else None
        if name == "date_retrying":
            self.tried_again[event.get("reason") or "unknown"] += 1
        if name == "date_completed":
            self.added += event["added"]
            self.changed += event["updated"]


class Board:
    """Progress of several syncs, in the order of their first events."""

    def __init__(self) -> None:
        self.syncs: dict[str, SyncProgress] = {}

    def apply(self, event: Event) -> SyncProgress:
        sync = self.syncs.setdefault(event["sync_id"], SyncProgress(event["sync_id"], event["clinic"]))
        sync.apply(event)
        return sync


def summary(ending: Mapping[str, Any]) -> str:
    """Returns the outcome as one line of text."""
    done, total = ending["dates_done"], ending["dates_total"]
    seconds = (ending.get("duration_ms") or 0) / 1000
    words = {
        "completed": "partially completed" if ending.get("partial_success") else "completed",
        "failed": "failed",
        "cancelled": "cancelled",
        "timed_out": "timed out",
    }
    is_dry = ending.get("dry_run")
    counts = "nothing was changed" if is_dry else changes(ending.get("stats") or {})
    how = f"{'dry run ' if is_dry else ''}{words[ending['event']]}"
    dates = f"{total} date{'' if total == 1 else 's'}" if done == total else f"{done} of {total} dates"
    return f"{how} in {seconds:.1f} s: {dates}, {counts}"


#: The counts of a sync, and their words. What the interface calls updated includes moves, so here it is changed:
#: plans and differences have both kinds apart.
COUNTS = {"appointments_added": "added", "appointments_updated": "changed", "appointments_removed": "removed"}


def changes(stats: Mapping[str, Any]) -> str:
    """Returns what a sync changed: 3 added, 1 removed."""
    return ", ".join(f"{stats[name]} {word}" for name, word in COUNTS.items() if stats.get(name)) or "no changes"


def stats_of(ending: Mapping[str, Any], name: str) -> int:
    """Returns one of the sync's counts."""
    return int((ending.get("stats") or {}).get(name, 0))


def troubles(ending: Mapping[str, Any]) -> list[str]:
    """Returns the problems, one line each; dates with the same reason share a line."""
    dates: dict[tuple[str, str], list[str]] = {}
    for error in ending.get("errors") or ():
        dates.setdefault((error.get("reason", "failed"), error.get("message", "")), []).append(
            error.get("date") or "all dates"
        )
    lines = [f"{', '.join(days)}: {reason} ({message})" for (reason, message), days in dates.items()]
    if (held := ending.get("removals_held")) and not ending.get("dry_run"):
        lines.append(f"{held} removals are held until a person decides: idexx-sync runs plan {ending['sync_id']}")
    if standing := stats_of(ending, "conflicts_detected") - stats_of(ending, "conflicts_resolved"):
        lines.append(
            f"{standing} bookings by telephone lost their slots to the portal: "
            f"idexx-sync bookings list {ending['clinic']}"
        )
    if not lines and ending["event"] != "completed" and ending.get("message"):
        lines.append(str(ending["message"]))
    return lines


def warnings(sync: Mapping[str, Any]) -> list[str]:
    """Returns what the sync could not read or use, one line each, with the command that shows more."""
    commands = {WarningCode.BOOKINGS_UNDECIDED: f": idexx-sync bookings list {sync['clinic']}"}
    return [f"{one['message']}{commands.get(one['code'], '')}" for one in sync.get("warnings") or ()]


def next_step(ending: Mapping[str, Any]) -> str | None:
    """Returns the command to try after failed dates, if any."""
    reasons = {error.get("reason") for error in ending.get("errors") or ()}
    if reasons & FATAL_FOR_SYNC:
        return sign_in_remedy(ending["clinic"], reasons)
    if "portal_changed" in reasons:
        return f"idexx-sync evidence {ending['sync_id']}"
    return f"idexx-sync runs show {ending['sync_id']}" if reasons else None
