"""Whether one more sync of a clinic may run, wait, or has to be refused."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import QueueFull
from engine.sync import Limits


@dataclass(frozen=True, slots=True)
class ClinicLoad:
    """How busy a clinic is: syncs that run and that wait; what a sync of it takes, and how long the oldest one
    has been running, in seconds (None: nothing known)."""

    running: int
    queued: int
    typical: float | None = None
    oldest: float | None = None


#: What a sync is assumed to take, in seconds, while nothing is known of the clinic's syncs.
TYPICAL_SYNC_SECONDS = 30.0


def check_admission(load: ClinicLoad, limits: Limits) -> None:
    """Raises `QueueFull` if one more sync may neither run nor wait."""
    if load.running < limits.concurrent_syncs or load.queued < limits.queued_syncs:
        return
    typical = load.typical or TYPICAL_SYNC_SECONDS
    until_a_place_is_free = max(typical - (load.oldest or 0.0), 1.0)
    raise QueueFull(
        f"{load.running} syncs of this clinic run and {load.queued} wait, which is as many as may; "
        "try again later",
        retry_after_ms=round(until_a_place_is_free * 1000),
    )
