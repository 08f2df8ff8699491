"""Opens the portal of a DateScraper process: one browser, and the limits that all DateScrapers share."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from nats.aio.client import Client

from actors.date_scraper.rate_limiter import SharedRateLimiter
from actors.date_scraper.sessions import LEASE_SECONDS, SharedSessions
from actors.runtime.portal_limits import portal_breaker, portal_bucket
from actors.runtime.process import Runtime
from actors.settings import Settings
from broker import Lease
from engine.calendar_source import CalendarSource
from engine.portal import BrowserLimits, Portal, PortalSettings, TimeLimits


async def open_portal(process: Runtime) -> CalendarSource:
    """Opens the portal and launches its browser.

    Raises `VaultError` if there is no key for the clinics' credentials.
    """
    portal = await make_portal(process)
    if isinstance(portal, Portal):
        try:
            await portal.start()
        except BaseException:
            await portal.close()
            raise
    return portal


async def make_portal(process: Runtime) -> CalendarSource:
    """The portal, without a browser yet; another `CalendarSource` would be made here. Raises `VaultError`."""
    settings, client = process.settings, await process.broker.client()
    return Portal(
        portal_settings(settings),
        sessions=_sessions(process, client),
        budget=SharedRateLimiter(portal_bucket(settings, client), process.metrics.observe_rate_limit_wait),
        breaker=portal_breaker(settings, client),
        observer=process.metrics,
    )


def portal_settings(settings: Settings) -> PortalSettings:
    return PortalSettings(
        base_url=settings.idexx_base_url,
        headless=settings.headless,
        chromium_path=None if settings.chromium_path is None else Path(settings.chromium_path),
        full_browser=settings.browser_kind == "full",
        span_days=settings.scrape_span_days,
        ignored_fields=frozenset(filter(None, settings.portal_ignored_fields.replace(" ", "").split(","))),
        times=TimeLimits(
            empty_day_pause=settings.empty_day_pause_ms / 1000, move_settles=settings.removal_settle_ms / 1000
        ),
        browser=BrowserLimits(idle=settings.browser_max_idle_ms / 1000, age=settings.browser_max_age_ms / 1000),
    )


def _sessions(process: Runtime, client: Client) -> SharedSessions:
    lease = partial(
        Lease,
        client,
        bucket=process.subjects.leases_bucket,
        ttl=LEASE_SECONDS,
        holder=process.name,
        replicas=process.settings.nats_replicas,
    )
    return SharedSessions(
        process.database,
        process.vault(),
        process.settings.session_ttl_ms / 1000,
        lambda clinic: lease(key=f"sign-in.{clinic}"),
    )
