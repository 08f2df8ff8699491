"""Takes the screenshot of a clinic's day for the documents: `python -m ops.dev.day_screenshot docs/day.png`.

Syncs a clinic on a scratch machine. The picture shows a desktop browser with a key for names on the left, and a phone
in dark mode without one on the right.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
from playwright.async_api import Page, async_playwright

from actors.http.keys import fingerprint, new_key
from actors.settings import Settings
from engine.api_key import read_rights
from engine.portal.chromium_path import find_chromium
from engine.store.api_keys import add_api_key
from engine.store.clinics import find_clinic
from engine.store.offer.rules import change_rules, portal_names
from ops.client.connections import open_database
from ops.dev.page_screenshot import DESK, PHONE, PORT, URL, framed
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox
from ops.terminal.encoding import use_stand_ins


async def take(_: Supervisor, settings: Settings) -> int:
    [clinic] = await Sandbox(settings.idexx_base_url).clinics()
    key = new_key()
    async with httpx.AsyncClient(base_url=URL, timeout=60) as client:
        await client.post("/api/idexx/schedule-sync", json={"clinicId": clinic.slug, "daysAhead": 3})
    async with open_database(settings.need_database_url()) as connection:
        found = await find_clinic(connection, clinic.slug)
        columns = tuple((await portal_names(connection, found.id)).columns or ())
        await change_rules(connection, found.id, lambda rules: replace(rules, columns=columns), "screenshot")
        rights = read_rights(["names"])
        await add_api_key(connection, "manager", fingerprint(key), rights=rights, created_by="screenshot")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(None), chromium_sandbox=os.geteuid() != 0
        )
        desk = await browser.new_page(viewport=DESK)
        phone = await browser.new_page(viewport=PHONE, color_scheme="dark")
        await desk.add_init_script(f"sessionStorage.setItem('idexx-sync.key', '{key}')")
        for page in (desk, phone):
            await page.goto(f"{URL}/day?clinic={clinic.slug}&date={clinic.today + timedelta(days=2)}")
        await _ask_why(desk)
        await phone.locator(".slot.free").first.wait_for()
        await asyncio.to_thread(Path(sys.argv[1]).write_bytes, await framed(browser, desk, phone))
        await browser.close()
    return 0


async def _ask_why(page: Page) -> None:
    """Chooses a time that is not offered, and waits for the reasons."""
    await page.locator(".slot.not-offered").nth(12).click()
    await page.locator("#why .forbids").first.wait_for()


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(on_scratch_machine(take, "day", clinics=1, HTTP_PORT=PORT))
