"""The portal: slow, guarded, and changing without notice. This is the only place that imports playwright.

A DateScraper owns one `Portal`, and that owns one Chromium:

    portal = Portal(PortalSettings(base_url=…), sessions=…, budget=…, breaker=…)
    await portal.start()
    found = await portal.scrape(clinic, credentials, dates, clock=…, stored={day: 12}, evidence=sink)
    await portal.close()

How a date becomes a snapshot. `scrape` asks the breaker whether anybody may call; takes the clinic's session
from the store, or signs in under its lease (`sessions`, `sign_in`); makes one call for each span of days with
the session's cookies (`cookies`, `data_client`), each call for a token of the shared budget (`calls`); and reads
the answer (`calendar`). No page is opened for data. Everything about an answer is
decided by pure functions: `answer` (status, JSON), `calendar` (complete or not), `records`, `fields`,
`times`, `phones`, `statuses`, `schedule_config`.

What is promised. Every date asked for gets a `Snapshot`, which is complete and proves it, or a `Failure` with
a reason from the closed list. `scrape`, `schedule_config` and `check_credentials` raise nothing for what the
portal does; what the store, the budget or the breaker raise goes through. A cancelled call ends at once, in
the portal, too; its context is closed behind it by a task of the browser. A session that has ended is renewed
once for all. A password is sent once and, if it was refused, by nobody again until the credentials' `version`
changes or `check_credentials` asks for it. A hung browser is killed, and nothing of a browser survives
`close`. Outside the base URL nothing is called, posted or followed; only a sign-in page's own scripts may fetch.

What is not. Retries of a date, their events and their pauses are the caller's, by `engine.retry`; so is
marking a clinic whose credentials are refused. A snapshot is one look: whether an appointment that is missing
is gone is decided elsewhere. `protocols` says what the wiring has to bring: session store, budget, breaker,
evidence sink.
"""

from engine.portal.chromium import BrowserMissing, find_chromium
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
