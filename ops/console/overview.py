"""What the console knows at one moment. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Glance:
    """An overview as the gateway told it, and who answered a ping. `taken` is in seconds of the monotonic clock."""

    overview: View
    gateways: int
    #: What each worker says of itself: `worker` and `queues`.
    workers: list[View]
    taken: float

    def now(self, monotonic: float) -> datetime:
        """The database's time, at this moment of the monotonic clock."""
        return datetime.fromisoformat(self.overview["at"]) + timedelta(seconds=monotonic - self.taken)

    def sync(self, sync_id: str) -> View | None:
        return next((sync for sync in self.overview["syncs"] if sync["sync_id"] == sync_id), None)

    def latest_of(self, clinic: str) -> View | None:
        """The clinic's newest sync, of those that are told."""
        return next((sync for sync in self.overview["syncs"] if sync["clinic"] == clinic), None)
