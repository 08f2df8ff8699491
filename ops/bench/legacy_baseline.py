"""The method of the replaced system, as a runnable baseline in a real browser.

Known facts: one browser, shared by all dates; a sign-in by form that waits until the network is idle; a new page
for each date, loaded until the network is idle, then one data call from that page; stored hashes compared in the
program; rows inserted in batches of a hundred and updated one by one. It processed one date after another, or
three at the same time. Where facts are unknown, the baseline is favorable to the old system: its browser starts
before the measurement, its pages request no data, a finished date immediately makes room for the next, and slot
counts are left out.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from engine.appointment import Appointment
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.portal import find_chromium
from engine.portal.calendar import CALENDAR_PATH, calendar_query, read_calendar
from engine.portal.response import PortalResponse
from engine.store.database import Connection
from ops.bench.reconcile_plans import old
from ops.sandbox.client import SandboxClinic

LANDING = "/dashboard"

FETCH = """async (url) => {
    const answer = await fetch(url, { headers: { "X-Requested-With": "XMLHttpRequest" } });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return await answer.text();
}"""


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Yields a browser, the same Chromium as ours."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=find_chromium(None), chromium_sandbox=os.geteuid() != 0, args=["--disable-gpu"]
        )
        try:
            yield launched
        finally:
            await launched.close()


@dataclass(frozen=True, slots=True)
class OldWay:
    """Copies the calendar of `account` into the rows of `clinic`, which only this baseline uses."""

    browser: Browser
    connection: Connection
    base_url: str
    account: SandboxClinic
    clinic: Clinic

    async def sync(self, first: date, days: int, at_once: int) -> int:
        """Syncs the dates; returns the number of appointments. Raises on any error, without retries."""
        context = await self.browser.new_context()
        room, turn = asyncio.Semaphore(at_once), asyncio.Lock()

        async def one(day: date) -> int:
            async with room:
                rows = await self._scrape(context, day)
            async with turn:  # there is only one connection
                await self._store(rows)
            return len(rows)

        try:
            await self._sign_in(context)
            return sum(await asyncio.gather(*[one(first + timedelta(days=n)) for n in range(days)]))
        finally:
            await context.close()

    async def _sign_in(self, context: BrowserContext) -> None:
        page = await context.new_page()
        await self._load(page, "/login")
        await page.fill('[name="companyId"]', self.account.company_id)
        await page.fill('[name="username"]', self.account.username)
        await page.fill('[name="password"]', self.account.password)
        await page.click('button:has-text("Login")')
        await page.wait_for_url(f"**{LANDING}", wait_until="networkidle")
        await page.close()

    async def _scrape(self, context: BrowserContext, day: date) -> Sequence[Appointment]:
        page = await context.new_page()
        await self._load(page, LANDING)
        dates = DateRange(day, day)
        text = await page.evaluate(FETCH, f"{CALENDAR_PATH}?{urlencode(calendar_query(dates))}")
        await page.close()
        answer = PortalResponse(CALENDAR_PATH, 200, {"content-type": "application/json"}, text.encode())
        return read_calendar(answer, self.clinic, dates, datetime.now(UTC))[day].appointments

    async def _load(self, page: Page, path: str) -> None:
        await page.goto(self.base_url + path, wait_until="networkidle", timeout=60_000)

    async def _store(self, rows: Sequence[Appointment]) -> None:
        if rows:
            reconcile = await old(self.connection, self.clinic.id, rows)
            await reconcile()
