"""Opens the portals of a DateScraper process: one browser, and the limits that all DateScrapers share."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from nats.aio.client import Client

from actors.date_scraper.rate_limiter import SharedRateLimiter
from actors.date_scraper.sessions import LEASE_SECONDS, SharedSessions
from actors.messages import Subjects
from actors.metrics import Metrics
from actors.runtime.portal_limits import portal_breaker, portal_bucket
from actors.settings import Settings
from broker import Lease
from engine.calendar_source import CalendarSource
from engine.calendar_sources import CalendarSources
from engine.portal import BrowserLimits, Portal, PortalSettings, TimeLimits
from engine.portal.browser import Browser
from engine.portal_address import origin_of
from engine.store.database import Database
from engine.store.vault import Vault


async def open_portal(
    settings: Settings, client: Client, sessions: SharedSessions, metrics: Metrics
) -> CalendarSource:
    """Opens the portals of all addresses, and launches the browser that they share."""
    browser = Browser(portal_settings(settings))
    try:
        await browser.start()
        return CalendarSources(
            lambda address: make_portal(settings, client, sessions, metrics, address=address, browser=browser)
        )
    except BaseException:
        await browser.close()
        raise


def make_portal(
    settings: Settings,
    client: Client,
    sessions: SharedSessions,
    metrics: Metrics,
    *,
    address: str | None = None,
    browser: Browser | None = None,
) -> CalendarSource:
    """The portal at this address, with limits and sessions of its own; None: the default portal.

    Without `browser` it starts its own when needed. Another `CalendarSource` would be made here.
    """
    limiter = SharedRateLimiter(portal_bucket(settings, client, address), metrics.observe_rate_limit_wait)
    origin = origin_of(address or settings.idexx_base_url)
    return Portal(
        portal_settings(settings, address),
        sessions=replace(sessions, address=address, origin=origin),
        budget=limiter,
        breaker=portal_breaker(settings, client, address),
        observer=metrics,
        browser=browser,
    )


def portal_settings(settings: Settings, address: str | None = None) -> PortalSettings:
    return PortalSettings(
        base_url=address or settings.idexx_base_url,
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


def shared_sessions(
    settings: Settings, client: Client, database: Database, vault: Vault, worker: str
) -> SharedSessions:
    """The sessions that all DateScrapers share; `make_portal` binds them to a portal.

    `worker` is named as the holder of a lease.
    """
    lease = partial(
        Lease,
        client,
        bucket=Subjects(settings.subject_prefix).leases_bucket,
        ttl=LEASE_SECONDS,
        holder=worker,
        replicas=settings.nats_replicas,
    )
    return SharedSessions(
        database,
        vault,
        settings.session_ttl_ms / 1000,
        lambda clinic: lease(key=f"sign-in.{clinic}"),
    )
