"""Decides whether one more sync of a clinic may run, has to wait, or is refused."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import QueueFull
from engine.sync import Limits


@dataclass(frozen=True, slots=True)
class ClinicLoad:
    """How busy a clinic is: running and queued syncs, and durations in seconds (None: unknown).

    `typical` is what a sync of the clinic takes; `oldest` is how long the oldest one has been running.
    """

    running: int
    queued: int
    typical: float | None = None
    oldest: float | None = None


#: Assumed duration of a sync, in seconds, while none of the clinic's syncs is known.
TYPICAL_SYNC_SECONDS = 30.0


def check_admission(load: ClinicLoad, limits: Limits) -> None:
    """Raises `QueueFull` if one more sync may neither run nor wait."""
    if load.running < limits.concurrent_syncs or load.queued < limits.queued_syncs:
        return
    typical = load.typical or TYPICAL_SYNC_SECONDS
    until_a_place_is_free = max(typical - (load.oldest or 0.0), 1.0)
    raise QueueFull(
        f"queue full: {load.running} syncs of this clinic are running, {load.queued} are queued; try again later",
        retry_after_ms=round(until_a_place_is_free * 1000),
    )
