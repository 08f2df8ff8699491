"""Reads the IDEXX Neo portal: slow, protected, and changing without notice. Only this package imports playwright.

A DateScraper owns one `Portal` for each address (`engine.calendar_sources`), and one Chromium:

    portal = Portal(PortalSettings(base_url=…), sessions=…, budget=…, breaker=…)
    await portal.start()
    found = await portal.scrape(clinic, credentials, dates, clock=…, stored={day: 12}, evidence=sink)
    await portal.close()

How a date becomes a snapshot. `scrape` asks the breaker whether calls are allowed; takes the clinic's session from
the store, or signs in under its lease (`sessions`, `sign_in`); makes one call for each span of days with the
session's cookies (`cookies`, `data_client`), each for a token of the shared budget (`client`); and reads the
response (`calendar`). No page is opened for data. Pure functions decide everything about a response: `response`
(status, JSON), `calendar` (complete or not), `records`, `fields`, `times`, `phones`, `statuses`,
`schedule_config`.

Guarantees. Every requested date gets a `Snapshot`, which is complete and proves it, or a `Failure` with a reason
from the closed list. `scrape`, `schedule_config` and `check_credentials` raise nothing for what the portal does;
errors of the store, the budget and the breaker pass through. A cancelled call ends at once, in the portal as well;
a task of the browser closes its context afterwards. A session that has ended is renewed once for all workers. A
password is sent once; after a refusal no worker sends it again until the credentials' `version` changes or
`check_credentials` is called. A hung browser is killed, and nothing of a browser survives `close`. Outside the
base URL nothing is called, posted or followed; only a sign-in page's own scripts may be fetched.

Not included. The caller retries dates and handles their events and pauses, by `engine.retry`; it also marks a
clinic whose credentials are refused. A snapshot is one read: whether a missing appointment is gone is decided
elsewhere. `protocols` lists what the wiring provides: session store, budget, breaker, evidence sink.
"""

from engine.portal.chromium_path import BrowserMissing, find_chromium
from engine.portal.portal import Portal
from engine.portal.protocols import (
    Breaker,
    Budget,
    Cookie,
    Observer,
    Refusal,
    Session,
    SessionStore,
)
from engine.portal.settings import BrowserLimits, PortalSettings, TimeLimits

__all__ = [
    "Breaker",
    "BrowserLimits",
    "BrowserMissing",
    "Budget",
    "Cookie",
    "Observer",
    "Portal",
    "PortalSettings",
    "Refusal",
    "Session",
    "SessionStore",
    "TimeLimits",
    "find_chromium",
]
