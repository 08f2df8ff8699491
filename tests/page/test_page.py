"""The page as a person meets it: a real browser, a real gateway, real syncs."""

from __future__ import annotations

import asyncio
import re
import signal
from datetime import timedelta

import asyncpg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from actors.http.keys import fingerprint
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.page.conftest import Open
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

PHONE = {"viewport": {"width": 375, "height": 667}}

#: Longer than the page waits before it calls its data old, in milliseconds.
A_WHILE = 8_000


async def request_sync(asker: Asker, clinic: SandboxClinic, days: int) -> str:
    accepted = await asker.ask("sync", clinic.slug, first_days(days))
    assert accepted["ok"], accepted
    return str(accepted["sync_id"])


def running(page: Page, clinic: SandboxClinic) -> Locator:
    return page.locator("#current .current > li").filter(has_text=clinic.name)


def ended(page: Page, clinic: SandboxClinic) -> Locator:
    """The latest one first."""
    return page.locator("#latest tbody tr").filter(has_text=clinic.name).first


def row(page: Page, name: str) -> Locator:
    return page.locator("#clinics tbody tr").filter(has_text=name)


async def is_too_wide(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def barriers(page: Page) -> list[str]:
    """The accessibility problems that axe finds."""
    found = await Axe().run(page)
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found.response["violations"]]


#: Notes every state that a date is ever shown in.
NOTE_STATES = """() => {
    window.states = new Set();
    const note = () => document.querySelectorAll(".dates > li").forEach((date) => states.add(date.className));
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


async def test_a_sync_moves_from_its_first_date_to_its_outcome(
    open_page: Open, asker: Asker, clinics: list[SandboxClinic], sandbox: SandboxProcess, pool: asyncpg.Pool
) -> None:
    clinic, days = clinics[0], 5
    page = await open_page()
    await page.evaluate(NOTE_STATES)
    await expect(page.get_by_text("No sync is running.")).to_be_visible()
    # The last date has to wait until the rule is gone, so the sync cannot be over before it was seen.
    last = str(clinic.today + timedelta(days=days - 1))
    failing = {"mode": "status", "status": 503, "retry_after": 2, "date": last}
    await sandbox.fault_settings(clinic.company_id, fail=[failing], latency_ms=200)
    sync_id = await request_sync(asker, clinic, days)
    late = await open_page(**PHONE, color_scheme="dark")
    for each in (page, late):
        await expect(running(each, clinic).locator(".dates > .done")).to_have_count(days - 1)
        reason = running(each, clinic).get_by_text(
            re.compile(r"the portal (does not respond|returned 503|does not answer).*, next try ")
        )
        await expect(reason).to_be_visible()
        assert await barriers(each) == []
    ground = await late.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(ground) < 40
    for width in (375, 320):
        await late.set_viewport_size({"width": width, "height": 667})
        assert not await is_too_wide(late)

    await sandbox.reset_fault_settings()
    for each in (page, late):
        await expect(ended(each, clinic)).to_contain_text("completed")
        await expect(running(each, clinic)).to_have_count(0)
        added = await pool.fetchval("select appointments_added from schedule_syncs where id = $1", sync_id)
        assert added
        await expect(ended(each, clinic)).to_contain_text(f"{added} added, 0 changed, 0 removed")
        await expect(row(each, clinic.name).locator("time")).to_have_text(re.compile(r"\d\ss ago"))
        await expect(each.get_by_role("status").filter(has_text=f"{clinic.name}: completed")).to_have_count(1)
    assert set(await page.evaluate("[...states]")) >= {"running", "retrying", "done"}
    await expect(page.locator("#clinics tbody tr").first).to_contain_text("never")  # the least fresh first


async def test_a_clinic_that_is_not_fresh_says_why(
    open_page: Open, asker: Asker, clinics: list[SandboxClinic], sandbox: SandboxProcess
) -> None:
    clinic = clinics[1]
    await sandbox.fault_settings(clinic.company_id, sign_in={"locked": True})
    page = await open_page()
    await request_sync(asker, clinic, 1)
    await expect(row(page, clinic.name)).to_contain_text("account locked")
    await expect(ended(page, clinic)).to_contain_text("failed: the account is locked")
    await sandbox.reset_fault_settings()


#: A clinic with a portal of its own.
APART = """
    with apart as (insert into clinics (slug, name, timezone) values ('apart', 'Apart', 'UTC') returning id)
    insert into idexx_sync.sealed_credentials (clinic_id, key_id, sealed, address, origin)
    select id, 'k', 'x', 'https://eu.portal.test', 'https://eu.portal.test' from apart
"""


async def test_names_are_text_whatever_they_are(open_page: Open, pool: asyncpg.Pool) -> None:
    name = "<img src=x onerror=alert(1)>" + "W" * 60
    await pool.execute("insert into clinics (slug, name, timezone) values ('odd', $1, 'UTC')", name)
    await pool.execute(APART)
    try:
        page = await open_page(**PHONE)
        await expect(row(page, "odd")).to_contain_text(name)
        await expect(row(page, "odd")).to_contain_text("no credentials")
        shared = page.locator("#shared")
        await expect(shared).to_contain_text("Portal eu.portal.test 100 of 100 calls/s, circuit breaker closed")
        assert (await shared.inner_text()).count("circuit breaker closed") == 2, "and the default portal"
        assert await page.locator("main img").count() == 0
        assert not await is_too_wide(page)
    finally:
        await pool.execute("delete from clinics where slug in ('odd', 'apart')")
    await expect(row(page, "odd")).to_have_count(0)


async def test_every_control_is_reached_by_keyboard(open_page: Open) -> None:
    page = await open_page()
    await expect(page.locator("#board")).to_be_visible()
    stops = []
    for _ in range(4):
        await page.keyboard.press("Tab")
        stops.append(await page.evaluate("document.activeElement.textContent.replace(/\\d+/g, 'N')"))
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", stops
    assert stops == ["Skip to what needs a person", "N clinics", "N running, N queued", "latest"]
    await page.locator(".skip").focus()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_old_data_is_called_old_until_there_is_new(open_page: Open, system: System) -> None:
    page = await open_page()
    notice, board = page.locator("#notice"), page.locator("#board")
    await expect(board).to_be_visible()
    await expect(notice).to_be_empty()
    system.processes["gateway"].send_signal(signal.SIGSTOP)
    try:
        await page.clock.fast_forward(A_WHILE)
        await expect(notice).to_have_text(
            re.compile(r"Data is \d+\ss old: the gateway does not respond; trying again")
        )
        await expect(board).to_be_visible()
        assert await barriers(page) == []
    finally:
        system.processes["gateway"].send_signal(signal.SIGCONT)
    await expect(notice).to_be_empty()
    await asyncio.to_thread(system.stop, "gateway")
    await page.clock.fast_forward(A_WHILE)
    await expect(notice).to_contain_text("the gateway does not respond")
    await asyncio.to_thread(system.gateway, "gateway again")
    await page.clock.fast_forward(A_WHILE)
    await expect(notice).to_be_empty()


HIDE, SHOW = (
    f"""Object.defineProperty(document, "hidden", {{ get: () => {hidden}, configurable: true }});
    document.dispatchEvent(new Event("visibilitychange"))"""
    for hidden in ("true", "false")
)


async def test_a_hidden_tab_closes_its_stream(open_page: Open) -> None:
    page = await open_page()
    await expect(page.locator("#board")).to_be_visible()
    async with page.expect_event("requestfailed") as let_go:
        await page.evaluate(HIDE)
        await page.clock.fast_forward(A_WHILE * 5)
    assert (await let_go.value).url.endswith("/api/idexx/live")
    async with page.expect_response("**/api/idexx/live"):
        await page.evaluate(SHOW)
    await expect(page.locator("#notice")).to_be_empty()


async def test_a_gateway_with_keys_is_asked_with_one(
    open_page: Open, system: System, clinics: list[SandboxClinic]
) -> None:
    whole = system.environment
    system.environment = {**whole, "API_KEYS": f"page:{fingerprint('the right one')}", "HTTP_PORT": "0"}
    try:
        await asyncio.to_thread(system.gateway, "locked")
    finally:
        system.environment = whole
    page = await open_page("locked")
    field = page.get_by_label("Key", exact=True)
    await expect(field).to_be_focused()
    await expect(page.locator("#board")).to_be_hidden()
    assert await barriers(page) == []
    await page.keyboard.type("ein falscher Schlüssel")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The gateway does not accept this key.")
    await field.fill("the right one")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(row(page, clinics[0].name)).to_be_visible()
    await expect(field).to_be_hidden()
    await page.reload()
    await expect(row(page, clinics[0].name)).to_be_visible()
    assert await page.evaluate("localStorage.length") == 0
    assert await page.context.cookies() == []
