"""A clinic's day as a manager sees it: what is free, what is taken, why, and names for a key that may see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page, expect

from actors.http.keys import fingerprint
from engine.api_key import read_rights
from engine.store.api_keys import add_api_key
from ops.sandbox.client import SandboxClinic
from tests.conftest import until
from tests.page.conftest import Open
from tests.page.test_page import PHONE, barriers, is_too_wide
from tests.system.conftest import Asker

pytestmark = pytest.mark.anyio

#: Every column of the portal counts.
CHOOSE_ALL = """
update clinics c set resources = (select array_agg(r ->> 'id') from idexx_sync.clinic_portal_config p
    cross join jsonb_array_elements(p.rooms) r where p.clinic_id = c.id) where slug = $1
"""
FREE = """
select sum(cardinality(b.columns)) from clinics c cross join lateral idexx_sync.bookable_starts(
    c.id, $2::date::timestamp at time zone c.timezone, ($2::date + 1)::timestamp at time zone c.timezone) b
where c.slug = $1
"""
READ_AT = """
select s.scraped_at at time zone c.timezone from idexx_sync.schedule_date_scrapes s join clinics c on c.id = s.clinic_id
where c.slug = $1 and s.date = $2
"""
TAKEN = """
select patient_name, client_name from schedule_appointments join clinics on clinics.id = clinic_id
where slug = $1 and date = $2 and deleted_at is null and appointment_type <> 'block'
"""


async def synced(clinic: SandboxClinic, asker: Asker, pool: asyncpg.Pool) -> list[Any]:
    """Syncs tomorrow, and lets all columns count; returns who comes."""
    day = clinic.today + timedelta(days=1)
    accepted = await asker.ask("sync", clinic.slug, {"start_date": str(day), "end_date": str(day)})
    ended = "select completed_at from schedule_syncs where id = $1"
    await until(lambda: pool.fetchval(ended, accepted["sync_id"]))
    await pool.execute(CHOOSE_ALL, clinic.slug)
    return list(await pool.fetch(TAKEN, clinic.slug, day))


def entry(page: Page, text: str) -> Any:
    return page.locator(".calendar li").filter(has_text=text)


async def test_a_day_shows_what_is_free_and_why_and_names_only_with_a_key_for_them(
    open_page: Open, asker: Asker, clinics: list[SandboxClinic], pool: asyncpg.Pool
) -> None:
    clinic = clinics[2]
    day = clinic.today + timedelta(days=1)
    people = await synced(clinic, asker, pool)
    assert people
    page = await open_page()
    await page.get_by_role("link", name=f"day of {clinic.name}").click()
    await page.wait_for_url(f"**/day?clinic={clinic.slug}")
    await expect(page.locator(".slot").first).to_be_visible()
    await page.goto(f"/day?clinic={clinic.slug}&date={clinic.today}")
    await page.get_by_role("link", name="The day after").click()
    await expect(page.get_by_role("heading", name=clinic.name)).to_contain_text(f"{day.day} ")

    # Without a key for names: the times alone.
    taken = entry(page, "taken")
    await expect(taken.first).to_be_visible()
    assert await barriers(page) == []
    whole = await page.content()
    assert not [name for row in people for name in row.values() if name and name in whole]
    free = page.locator(".slot.free")
    assert await free.count() == await pool.fetchval(FREE, clinic.slug, day) > 0

    # Why a time is free or not, by mouse and by keyboard.
    why = page.locator("#why")
    await free.last.click()
    await expect(why.get_by_text("free", exact=True).first).to_be_visible()
    await expect(why.locator(".forbids")).to_have_count(0)
    await expect(why.locator(".allows")).not_to_have_count(0)
    read = await pool.fetchval(READ_AT, clinic.slug, day)
    await expect(why).to_contain_text(f"read {read:%-d %b, %H:%M}")  # on the clinic's clock
    await page.keyboard.press("End")
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await expect(why.get_by_text("not offered: ")).to_be_visible()
    await expect(why.locator(".forbids").first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(why).to_contain_text("Why this time?")

    # The history of a time, of the date, and of the sync that read it.
    await free.last.click()
    await page.get_by_role("link", name="History of this time").click()
    await expect(page.locator("#offers")).to_be_visible()
    await page.get_by_role("link", name="The whole date").click()
    await expect(page.locator("#changes tbody tr").filter(has_text="added").first).to_be_visible()
    await expect(page.locator("#attempts tbody tr")).to_contain_text("done, 1 attempt")
    assert await barriers(page) == []
    await page.locator("#attempts th a").click()
    await expect(page.locator("#timeline")).to_contain_text("completed")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"{clinic.name}: sync of ")
    whole = await page.content()
    assert not [name for row in people for name in row.values() if name and name in whole]
    assert await barriers(page) == []
    await page.get_by_role("link", name=clinic.name).click()
    await expect(page.locator("#syncs tbody tr")).to_contain_text("completed")
    await page.goto(f"/day?clinic={clinic.slug}&date={day}")

    # With one: who comes.
    async with pool.acquire() as connection:
        rights = read_rights(["names"])
        await add_api_key(connection, "desk", fingerprint("names"), rights=rights, created_by="test")
    await page.get_by_role("button", name="Enter a key that may see names").click()
    await page.keyboard.type("names")
    await page.keyboard.press("Enter")
    await expect(entry(page, people[0]["patient_name"]).first).to_be_visible()
    await expect(taken).to_have_count(0)

    # A day that was never read is not offered, on a phone in the dark as well.
    phone = await open_page(**PHONE, color_scheme="dark")
    await phone.goto(f"/day?clinic={clinic.slug}&date={day + timedelta(days=40)}")
    await expect(phone.get_by_role("status")).to_contain_text("Nothing of this day is offered: it was never read")
    await expect(phone.locator(".hatched")).to_have_count(1)
    await expect(phone.locator(".slot.free")).to_have_count(0)
    await phone.locator(".slot").first.click()
    await expect(phone.locator("#why")).to_contain_text("was never read")
    assert await barriers(phone) == []
    assert not await is_too_wide(phone)
