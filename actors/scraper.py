"""The portal as a DateScraper process owns it: one browser, with the shared sessions and the shared budget."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from actors.budget import SharedBudget
from actors.processes import Process
from actors.sessions import LEASE_SECONDS, SharedSessions
from broker import Lease
from engine.portal import BrowserLimits, Portal, PortalSettings


def portal_settings(process: Process) -> PortalSettings:
    settings = process.settings
    return PortalSettings(
        base_url=settings.idexx_base_url,
        headless=settings.headless,
        chromium_path=None if settings.chromium_path is None else Path(settings.chromium_path),
        span_days=settings.scrape_span_days,
        browser=BrowserLimits(idle=settings.browser_max_idle_ms / 1000, age=settings.browser_max_age_ms / 1000),
    )


async def open_portal(process: Process) -> Portal:
    """Launches the browser. Raises `VaultError` if there is no key to open the clinics' credentials with."""
    settings = process.settings
    client = await process.broker.client()
    sessions = SharedSessions(
        process.database,
        process.vault(),
        settings.session_ttl_ms / 1000,
        lambda clinic: Lease(client, bucket=f"{settings.subject_prefix}_leases", key=clinic, ttl=LEASE_SECONDS),
    )
    budget = SharedBudget(client, settings, host=urlsplit(settings.idexx_base_url).netloc)
    portal = Portal(portal_settings(process), sessions=sessions, budget=budget)
    await portal.start()
    return portal
