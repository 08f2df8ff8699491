"""The scenario of the run: normal days, a portal that throttles, and a bad day for each of four clinics."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from ops.monitoring.alert_drill.causes import send_unknown_message, set_goal
from ops.monitoring.testbed.machine import TIMEOUT, Watched
from ops.monitoring.testbed.waiting import until
from ops.sandbox.client import SandboxClinic

#: Number of clinics in the run: each except the first has its own bad day.
CLINICS = 5
#: The alerts that the bad day causes, and the failure of one clinic's last sync; the run waits for them.
CAUSED = {"LoginRejected", "RemovalsHeld", "DeadLetters", "ClinicNotFresh"}
CHANGED = 'clinic_sync_failing{reason="portal_changed"}'


@dataclass(frozen=True, slots=True)
class Story:
    """Parameters of the run: how often all clinics are synced before the failures, the number of dates per sync,
    and the freshness goal in seconds, short enough to be missed within the run."""

    good_days: int = 3
    dates: int = 14
    goal: int = 30


SHORT = Story(good_days=0, dates=3, goal=5)


async def live_through(watched: Watched, story: Story) -> None:
    """Plays the scenario; returns during the bad day, once Prometheus has recorded it."""
    for clinic in watched.clinics:
        await set_goal(watched, clinic, story.goal)
    for _ in range(story.good_days):
        await _sync_all(watched, story)
    await _throttled_day(watched, story)
    await _bad_day(watched, story)

    async def seen() -> bool:
        firing = {alert.name for alert in await watched.prometheus.alerts() if alert.state == "firing"}
        return firing >= CAUSED and bool(await watched.prometheus.query(CHANGED, time.time()))

    await until(seen, TIMEOUT)


async def _sync_all(watched: Watched, story: Story) -> None:
    await asyncio.gather(*(_sync(watched, clinic, story) for clinic in watched.clinics))


async def _sync(watched: Watched, clinic: SandboxClinic, story: Story) -> None:
    await watched.ended(clinic, await watched.sync(clinic, story.dates))


async def _throttled_day(watched: Watched, story: Story) -> None:
    """Makes the portal refuse more than four calls per second, a limit that our settings do not contain."""
    await watched.sandbox.fault_settings(rate_limit=4, latency_ms=100, latency_jitter_ms=80)
    await _sync_all(watched, story)
    await watched.sandbox.fault_settings(rate_limit=None)


async def _bad_day(watched: Watched, story: Story) -> None:
    """One clinic works; one cannot sign in, one has lost most of its calendar, one has a slow portal and a queue,
    and one a changed portal. In addition, an unknown message arrives."""
    _, rejected, emptied, slow, changed = watched.clinics
    sandbox = watched.sandbox
    await sandbox.fault_settings(rejected.company_id, sign_in={"reject": True})
    await sandbox.end_sessions(rejected.company_id)
    await sandbox.fault_settings(slow.company_id, latency_ms=12_000)
    await sandbox.fault_settings(changed.company_id, drift=["renamed_fields"])
    # A removal that the portal proves by the appointment's id is not held.
    await sandbox.fault_settings(emptied.company_id, lookup_call="absent")
    end = emptied.today + timedelta(days=story.dates - 1)
    truth = await sandbox.truth(emptied.company_id, emptied.today, end)
    await sandbox.change(emptied.company_id, delete=[one["neo_appointment_id"] for one in truth][::2])
    for _ in range(4):
        await watched.sync(slow, story.dates)
    await send_unknown_message(watched.settings)
    await asyncio.gather(*(_sync(watched, clinic, story) for clinic in watched.clinics if clinic is not slow))
