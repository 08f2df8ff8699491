"""Takes the screenshot of the page for the README: `python -m ops.dev.page_screenshot docs/page.png`.

Runs real syncs on a scratch machine: one clinic's account is locked, one is throttled. The picture shows a desktop
browser on the left and a phone in dark mode on the right.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from datetime import timedelta
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from actors.settings import Settings
from engine.portal.chromium_path import find_chromium
from engine.store.clinics import find_clinic, set_goal
from ops.client.connections import open_database
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox, SandboxClinic
from ops.terminal.encoding import use_stand_ins

DAYS = 14
DESK: ViewportSize = {"width": 1180, "height": 800}
PHONE: ViewportSize = {"width": 375, "height": 740}
PORT = "13099"
URL = f"http://127.0.0.1:{PORT}"

#: Shows the two screenshots side by side, each framed as a screen.
FRAME = """
<body style="margin:0; background:#dfe4ea; display:flex; gap:24px; padding:24px; align-items:flex-start; zoom:0.75">
<img src="data:image/png;base64,{desk}" style="border-radius:10px">
<img src="data:image/png;base64,{phone}" style="border-radius:24px; border:8px solid #000">
"""


async def take(_: Supervisor, settings: Settings) -> int:
    sandbox = Sandbox(settings.idexx_base_url)
    clinics = await sandbox.clinics()
    async with open_database(settings.need_database_url()) as connection:
        for clinic in clinics:
            await set_goal(connection, await find_clinic(connection, clinic.slug), 3600)
    async with async_playwright() as playwright, httpx.AsyncClient(base_url=URL, timeout=60) as client:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(None), chromium_sandbox=os.geteuid() != 0
        )
        desk = await browser.new_page(viewport=DESK)
        phone = await browser.new_page(viewport=PHONE, color_scheme="dark")
        await asyncio.gather(desk.goto(URL), phone.goto(URL))
        await _have_a_past(client, sandbox, clinics)
        await _let_run(client, sandbox, clinics[:2], desk)
        await asyncio.to_thread(Path(sys.argv[1]).write_bytes, await framed(browser, desk, phone))
        await browser.close()
    return 0


async def _have_a_past(client: httpx.AsyncClient, sandbox: Sandbox, clinics: list[SandboxClinic]) -> None:
    """Syncs each clinic except the last, including the one with the locked account, and changes some calendars."""
    await sandbox.fault_settings(clinics[-2].company_id, sign_in={"locked": True})
    for clinic in clinics[:-1]:
        await client.post("/api/idexx/schedule-sync", json={"clinicId": clinic.slug, "daysAhead": DAYS})
        await sandbox.change(clinic.company_id, add=3, edit=4, cancel=2, delete=1, seed=3)
    await client.post("/api/idexx/schedule-sync", json={"clinicId": clinics[2].slug, "daysAhead": DAYS})


async def _let_run(client: httpx.AsyncClient, sandbox: Sandbox, clinics: list[SandboxClinic], desk: Page) -> None:
    """Runs syncs until some dates are done and one has to wait."""
    await sandbox.fault_settings(latency_ms=900, latency_jitter_ms=300)
    day = str(clinics[1].today + timedelta(days=4))
    refused = {"mode": "status", "status": 429, "retry_after": 20, "date": day}
    await sandbox.fault_settings(clinics[1].company_id, fail=[refused])
    for clinic in clinics:
        body = {"clinicId": clinic.slug, "daysAhead": DAYS}
        await client.post("/api/idexx/schedule-sync", json=body, headers={"Prefer": "respond-async"})
    await desk.locator(".dates > .retrying").first.wait_for()
    await desk.locator(".current > li").first.locator(".dates > .done").nth(4).wait_for()


async def framed(browser: Browser, desk: Page, phone: Page) -> bytes:
    shots = [base64.b64encode(await page.screenshot()).decode() for page in (desk, phone)]
    frame = await browser.new_page(viewport={"width": 1228, "height": 636})
    await frame.set_content(FRAME.format(desk=shots[0], phone=shots[1]))
    return await frame.screenshot()


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(on_scratch_machine(take, "picture", clinics=5, HTTP_PORT=PORT, BROWSER_POOL_SIZE="2"))
