"""Runs the drills one after another and yields their outcomes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ops.monitoring.alert_drill.drills import Drill
from ops.monitoring.testbed.machine import Watched
from ops.monitoring.testbed.prometheus import Alert
from ops.monitoring.testbed.waiting import until

#: Timeout for an alert to fire, for it to resolve, and for all alerts to be quiet. Seconds.
TIMEOUT = 240.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`fired_after`: seconds from the start of the cause; `resolved_after`: from the start of the remedy; None:
    never.

    `beside`: other alerts that fired at the same time. `summary`: the text of the alert.
    """

    drill: Drill
    fired_after: float | None
    resolved_after: float | None
    beside: Sequence[str]
    summary: str

    @property
    def is_good(self) -> bool:
        return self.fired_after is not None and self.resolved_after is not None


async def run_drills(watched: Watched, drills: Sequence[Drill]) -> AsyncIterator[Outcome]:
    """Runs the drills. Raises `TimeoutError` if an alert of an earlier drill keeps firing."""
    for clinic in watched.clinics:
        await watched.ended(clinic, await watched.sync(clinic, 1))
    for drill in drills:
        await _quiet(watched)
        yield await _run(watched, drill)
        if drill.clear_up is not None:
            await drill.clear_up(watched)


async def _run(watched: Watched, drill: Drill) -> Outcome:
    begun = time.monotonic()
    async with drill.bring_about(watched):
        alert = await _fires(watched, drill)
        fired = time.monotonic()
        beside = {one.name for one in await watched.prometheus.alerts() if one.state == "firing"}
    resolved = alert is not None and await _resolves(watched, drill)
    return Outcome(
        drill,
        fired - begun if alert else None,
        time.monotonic() - fired if resolved else None,
        sorted(beside - {drill.alert}),
        alert.summary if alert else "",
    )


async def _fires(watched: Watched, drill: Drill) -> Alert | None:
    async def firing() -> Alert | None:
        found = [one for one in await watched.prometheus.alerts() if _is(one, drill) and one.state == "firing"]
        return found[0] if found else None

    try:
        return await until(firing, TIMEOUT)
    except TimeoutError:
        return None


async def _resolves(watched: Watched, drill: Drill) -> bool:
    async def resolved() -> bool:
        return not any(_is(one, drill) for one in await watched.prometheus.alerts())

    try:
        return await until(resolved, TIMEOUT)
    except TimeoutError:
        return False


def _is(alert: Alert, drill: Drill) -> bool:
    return alert.name == drill.alert and drill.labels.items() <= alert.labels.items()


async def _quiet(watched: Watched) -> None:
    async def quiet() -> bool:
        return not await watched.prometheus.alerts()

    try:
        await until(quiet, TIMEOUT)
    except TimeoutError:
        left = {f"{one.name} ({one.state})" for one in await watched.prometheus.alerts()}
        raise TimeoutError(f"alerts of an earlier drill are still active: {', '.join(sorted(left))}") from None
