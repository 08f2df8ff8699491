"""The state of the system at one moment, as the console shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConsoleOverview:
    """A gateway's reply to `overview`, and the processes that responded to a ping. `taken`: seconds of the monotonic
    clock."""

    reply: View
    gateways: int
    #: The metadata that each worker reports: `worker` and `queues`.
    workers: list[View]
    taken: float

    def now(self, monotonic: float) -> datetime:
        """Returns the database's time at a moment of the monotonic clock."""
        return datetime.fromisoformat(self.reply["at"]) + timedelta(seconds=monotonic - self.taken)

    @property
    def attention(self) -> list[View]:
        """What needs a person, the most serious first; an older gateway does not send it."""
        return list(self.reply.get("attention") or ())

    def clinic(self, slug: str) -> View | None:
        return next((one for one in self.reply["clinics"] if one["slug"] == slug), None)

    def sync(self, sync_id: str) -> View | None:
        return next((sync for sync in self.reply["syncs"] if sync["sync_id"] == sync_id), None)

    def latest_of(self, clinic: str) -> View | None:
        """Returns the clinic's newest sync in the overview, if any."""
        return next((sync for sync in self.reply["syncs"] if sync["clinic"] == clinic), None)


def named(sync: View) -> str:
    """Names a sync by its clinic and dates."""
    return f"{sync['clinic']}, {sync['start_date']} to {sync['end_date']}"
