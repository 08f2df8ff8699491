"""Many clinics in trouble: what needs a person is seen at once, leads to what it is about, and can be decided there."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from playwright.async_api import Locator, Page, expect

from actors.http.keys import fingerprint
from engine.api_key import read_rights
from engine.store.api_keys import add_api_key
from tests.many_clinics import HELD
from tests.page.conftest import Open
from tests.page.test_page import barriers, is_too_wide

pytestmark = pytest.mark.anyio

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


#: The titles of the kinds, in their order.
KINDS = [
    "Credentials refused",
    "Removals held",
    "Bookings to settle",
    "Dates that fail",
    "Freshness goal missed",
    "Without credentials",
]


def group(page: Page, title: str) -> Locator:
    return page.locator("#attention .groups > li").filter(has_text=title)


async def names(page: Page) -> list[str]:
    return await page.locator("#clinics tbody th a").all_inner_texts()


async def test_what_needs_a_person_is_seen_without_scrolling_and_clinics_are_found(
    open_page: Open, branches: None
) -> None:
    for screen in (DESK, PHONE):
        page = await open_page(**screen)
        for title in KINDS:
            await expect(group(page, title)).to_have_count(1)
            box = await group(page, title).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= screen["viewport"]["height"], title
        await expect(group(page, "Removals held")).to_contain_text(f"{HELD} removals")
        await expect(group(page, "Removals held").locator("time")).to_contain_text("for ")
        assert await barriers(page) == []
        assert not await is_too_wide(page)

    page = await open_page(**DESK)
    await expect(page.locator("#clinics tbody tr")).to_have_count(25)
    branches_shown = [name for name in await names(page) if name.startswith("Branch")]
    assert branches_shown[:6] == [f"Branch {n}" for n in (2, 17, 12, 5, 9, 181)]
    held = page.locator("#clinics tbody tr").filter(has=page.get_by_role("link", name="Branch 17", exact=True))
    await expect(held).to_contain_text(f"{HELD} removals held")
    await expect(held.locator(".note.good")).to_have_count(0)
    await page.get_by_label("Order").select_option("name")
    await page.get_by_label("Search clinics by name").fill("branch 1")
    await expect(page).to_have_url("/?q=branch+1&sort=name")
    expected = ["Branch 1", *(f"Branch {n}" for n in range(10, 20)), *(f"Branch {n}" for n in range(100, 114))]
    assert await names(page) == expected
    await page.get_by_role("link", name="Next page").click()
    await expect(page.locator(".pager")).to_contain_text("26 to 50 of 111")
    await page.get_by_label("Search clinics by name").fill("")
    await group(page, "Without credentials").get_by_role("link", name="20 clinics").click()
    await expect(page).to_have_url("/?state=no_credentials")
    await expect(page.locator("#clinics tbody tr")).to_have_count(20)
    await page.reload()
    await expect(page.locator("#clinics tbody tr")).to_have_count(20)


async def key_of(pool: asyncpg.Pool, *rights: str) -> str:
    key = f"key that may {rights}"
    async with pool.acquire() as connection:
        await add_api_key(connection, "desk", fingerprint(key), rights=read_rights(rights), created_by="test")
    return key


async def done(pool: asyncpg.Pool) -> list[Any]:
    rows = await pool.fetch(
        "select who, source, verb, clinic, removals, outcome from idexx_sync.actions"
        " where clinic_id in (select id from clinics where slug like 'branch-%') order by at"
    )
    return [tuple(row) for row in rows]


async def test_removals_and_bookings_are_decided_on_their_pages_with_a_key_that_may(
    open_page: Open, branches: None, pool: asyncpg.Pool
) -> None:
    page = await open_page(**DESK)
    await group(page, "Removals held").get_by_role("link", name="Branch 17").click()
    removals = page.locator("#removals")
    await expect(removals.locator("tbody tr")).to_have_count(HELD)
    await expect(removals).to_contain_text("Names need a key that may see them")
    await expect(removals.get_by_role("button")).to_have_text(["enter a key that may act"])
    assert "Patient 1" not in await page.content()
    assert await barriers(page) == []

    await removals.get_by_role("button").click()
    await page.keyboard.type(await key_of(pool, "names", "act"))
    await page.keyboard.press("Enter")
    await expect(removals).to_contain_text("Patient 1")
    await removals.get_by_role("button", name="Keep them").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"Keep {HELD} appointments of Branch 17?")
    assert await barriers(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert await done(pool) == []
    await removals.get_by_role("button", name="Remove these appointments").click()
    await dialog.get_by_role("button", name=f"Remove {HELD} appointments").click()
    await expect(removals).to_have_count(0)
    await expect(page.locator("#actions")).to_contain_text(f"desk approved removals ({HELD})")
    assert await done(pool) == [("desk", "http", "approve", "branch-17", HELD, "done")]
    gone = (
        "select count(*) from schedule_appointments where deleted_at is not null and patient_name like 'Patient %'"
    )
    assert await pool.fetchval(gone) == HELD

    await page.goto("/clinic?clinic=branch-12")
    booking = page.locator("#bookings li")
    await expect(booking).to_contain_text("Patient of the booking (Client of the booking) +15550100")
    assert await barriers(page) == []
    await booking.get_by_role("button", name="It is in the portal").click()
    await dialog.get_by_role("button", name="It is in the portal").click()
    await expect(booking).to_have_count(0)
    assert (await done(pool))[-1] == ("desk", "http", "settle", "branch-12", None, "done")
    await pool.execute("update clinics set login_failure = 'no_company_id' where slug = 'branch-12'")
    await page.reload()
    await expect(page.locator("#attention h3").first).to_contain_text("Without a company id")
    await page.get_by_role("button", name="Forget this key").click()
    await expect(page.locator("#access")).to_have_text("Without a key: read-only, without names. Enter a key")
    await expect(page.get_by_role("button", name="Sync now")).to_have_count(0)


@pytest.mark.parametrize(
    ("address", "heading", "refusal"),
    [
        ("/clinic?clinic=nowhere", "No such clinic", "nowhere"),
        ("/sync?clinic=branch-1&sync=12345678", "No such sync", "needs the full id of a sync"),
        ("/date?clinic=nowhere&date=2026-13-01", "No such date", "date"),
    ],
)
async def test_a_wrong_address_is_refused_once(open_page: Open, address: str, heading: str, refusal: str) -> None:
    page = await open_page(**DESK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/idexx/live" not in request.url else None)
    await page.goto(address)
    await expect(page.locator("#title")).to_have_text(heading)
    await expect(page.locator("#notice")).to_contain_text(refusal)
    await expect(page.locator("#notice")).not_to_contain_text("trying again")
    await page.clock.fast_forward(60_000)
    assert len([url for url in asked if "/api/" in url]) == 1
