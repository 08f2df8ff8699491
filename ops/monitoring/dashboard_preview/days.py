"""What happens to the clinics of the run: good days, a portal that throttles, and a bad day for each of four."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from ops.monitoring.alert_drill.causes import send_unknown_message, set_goal
from ops.monitoring.testbed.machine import PATIENCE, Watched
from ops.monitoring.testbed.waiting import until
from ops.sandbox.client import SandboxClinic

#: The clinics of the run: each has a bad day of its own, but for the first.
CLINICS = 5
#: Alerts that the bad day causes, and what one clinic's last sync failed by: they are waited for.
CAUSED = {"LoginRejected", "RemovalsHeld", "DeadLetters", "ClinicNotFresh"}
CHANGED = 'clinic_sync_failing{reason="portal_changed"}'


@dataclass(frozen=True, slots=True)
class Story:
    """How often all clinics are synced before the trouble, how many dates a sync has, and what the freshness goal of
    the clinics is, in seconds: short enough to be missed within the run."""

    good_days: int = 3
    dates: int = 14
    goal: int = 30


SHORT = Story(good_days=0, dates=3, goal=5)


async def live_through(watched: Watched, story: Story) -> None:
    """Returns when Prometheus has seen the bad day, while it lasts."""
    for clinic in watched.clinics:
        await set_goal(watched, clinic, story.goal)
    for _ in range(story.good_days):
        await _sync_all(watched, story)
    await _throttled_day(watched, story)
    await _bad_day(watched, story)

    async def seen() -> bool:
        firing = {alert.name for alert in await watched.prometheus.alerts() if alert.state == "firing"}
        return firing >= CAUSED and bool(await watched.prometheus.query(CHANGED, time.time()))

    await until(seen, PATIENCE)


async def _sync_all(watched: Watched, story: Story) -> None:
    await asyncio.gather(*(_sync(watched, clinic, story) for clinic in watched.clinics))


async def _sync(watched: Watched, clinic: SandboxClinic, story: Story) -> None:
    await watched.ended(clinic, await watched.sync(clinic, story.dates))


async def _throttled_day(watched: Watched, story: Story) -> None:
    """The portal refuses more than four calls a second, which nobody has told us."""
    await watched.sandbox.fault_settings(rate_limit=4, latency_ms=100, latency_jitter_ms=80)
    await _sync_all(watched, story)
    await watched.sandbox.fault_settings(rate_limit=None)


async def _bad_day(watched: Watched, story: Story) -> None:
    """One clinic is well; one is not let in, one has lost most of its calendar, one has a slow portal and a queue,
    one a portal that has changed. And a message comes that nobody knows."""
    _, rejected, emptied, slow, changed = watched.clinics
    sandbox = watched.sandbox
    await sandbox.fault_settings(rejected.company_id, sign_in={"reject": True})
    await sandbox.end_sessions(rejected.company_id)
    await sandbox.fault_settings(slow.company_id, latency_ms=12_000)
    await sandbox.fault_settings(changed.company_id, drift=["renamed_fields"])
    end = emptied.today + timedelta(days=story.dates - 1)
    truth = await sandbox.truth(emptied.company_id, emptied.today, end)
    await sandbox.change(emptied.company_id, delete=[one["neo_appointment_id"] for one in truth][::2])
    for _ in range(4):
        await watched.sync(slow, story.dates)
    await send_unknown_message(watched.settings)
    await asyncio.gather(*(_sync(watched, clinic, story) for clinic in watched.clinics if clinic is not slow))
