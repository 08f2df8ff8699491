"""Carries out a first contact: opens what it needs, and keeps nothing but the outcome of the sign-in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.failure import Failure
from engine.store import clinics as store
from engine.store.database import Database
from ops.local.discovery import database_url, nats_url

if TYPE_CHECKING:
    from broker import NatsBroker
    from engine.calendar_source import CalendarSource
    from engine.portal.contact import ContactReport, Step
    from engine.portal.recording import Recording
    from engine.portal.transcript import Transcript

#: The steps that send the credentials; their outcome is kept with the clinic.
SIGN_IN_STEPS = frozenset({"form", "sign-in"})

#: Sites whose address a recording may name: it says which region's portal answered.
PORTAL_SITE = ".idexxneo.com"


@dataclass(frozen=True, slots=True)
class Contact:
    """A finished first contact. The transcript is not masked: only `recorded` of it may be written."""

    clinic: Clinic
    credentials: Credentials = field(repr=False)
    base_url: str
    report: ContactReport
    transcript: Transcript = field(repr=False)

    @property
    def failure(self) -> Failure | None:
        return self.report.failure

    def recorded(self) -> Recording:
        """The masked recording. Raises `UnsafeRecording`, and nothing is written, if an original would stay."""
        from engine.portal.recording import make_recording

        return make_recording(self.transcript, self.clinic, self.credentials, self._about(), SystemRandom())

    def _about(self) -> dict[str, Any]:
        from importlib.metadata import version

        host = self.base_url.partition("//")[2].partition("/")[0]
        return {
            "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": version("idexx-sync"),
            "portal": host if host.endswith(PORTAL_SITE) else "another address",
            "user_agent": self.transcript.user_agent,
            "steps": [
                {
                    "name": step.name,
                    "done": step.is_done,
                    "there": step.is_there,
                    "seconds": round(step.seconds, 3),
                }
                | ({"reason": step.failure.reason, "message": step.failure.message} if step.failure else {})
                for step in self.report.steps
            ],
        }


def make_contact(
    settings: Settings, slug: str, show: Callable[[Step], None], *, days: int, longer: Sequence[int] | None = None
) -> Contact:
    """Goes through all steps with the clinic's portal; `show` is called with each."""
    from actors.runtime.broker import build_broker

    for need in (nats_url, database_url):
        need(settings)
    broker = build_broker(settings)
    try:
        return broker.run(_contact(settings, broker, slug, show, days, longer))
    finally:
        broker.close()


async def _contact(
    settings: Settings,
    broker: NatsBroker,
    slug: str,
    show: Callable[[Step], None],
    days: int,
    longer: Sequence[int] | None,
) -> Contact:
    from actors.date_scraper.portal import make_portal, shared_sessions
    from actors.metrics import Metrics
    from engine.portal import Portal
    from engine.portal.contact import LONGER, first_contact
    from engine.portal.transcript import Transcript

    database, vault, client = Database(database_url(settings)), open_vault(settings), await broker.client()
    sessions, transcript = shared_sessions(settings, client, database, vault, "idexx-sync"), Transcript()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        async with database.connection() as connection:
            clinic = await store.find_clinic(connection, slug)
            stored = await store.get_credentials(connection, vault, clinic, settings.idexx_base_url)
        portal = make_portal(settings, client, sessions, Metrics(), address=stored.address)
        stack.push_async_callback(portal.close)
        if isinstance(portal, Portal):
            ranges = LONGER if longer is None else longer
            report = await first_contact(portal, clinic, stored, transcript, show, days=days, longer=ranges)
        else:
            report = await _only_sign_in(portal, clinic, stored, show)
        await _keep_outcome(database, clinic, stored, report)
        return Contact(clinic, stored, stored.address or settings.idexx_base_url, report, transcript)


async def _only_sign_in(
    portal: CalendarSource, clinic: Clinic, stored: Credentials, show: Callable[[Step], None]
) -> ContactReport:
    """The first contact with another portal than IDEXX Neo: its sign-in."""
    from engine.portal.contact import ContactReport, Step

    begun = time.monotonic()
    failure = await portal.check_credentials(clinic, stored)
    step = Step("sign-in", failure is None, time.monotonic() - begun, failure.message if failure else "", failure)
    show(step)
    return ContactReport([step])


async def _keep_outcome(database: Database, clinic: Clinic, stored: Credentials, report: ContactReport) -> None:
    """Marks the clinic as refused, or as let in; an outcome that says nothing of the credentials changes nothing."""
    failed = next((step.failure for step in report.steps if step.name in SIGN_IN_STEPS and step.failure), None)
    is_in = any(step.name == "sign-in" and step.is_done for step in report.steps)
    if is_in or (failed is not None and failed.is_fatal):
        async with database.connection() as connection:
            await store.mark_login_failure(connection, clinic.id, stored, failed.reason if failed else None)
