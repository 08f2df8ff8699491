"""The pages as a real browser has them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, async_playwright, expect

from engine.portal.chromium_path import find_chromium
from ops.sandbox.client import SandboxClinic, SandboxProcess

pytestmark = pytest.mark.anyio

FIELDS = {
    "company_field": {
        "companyId": '[name="companyId"]',
        "company_id": '[name="company_id"]',
        "id": "#companyId:not([name])",
        "none": None,
    },
    "user_field": {"username": '[name="username"]', "email": '[type="email"]'},
    "password_field": {"name": '[name="password"]', "type": '[type="password"]:not([name="password"])'},
    "submit": {
        "login": 'button:text-is("Login")',
        "sign_in": 'button:text-is("Sign In")',
        "type_only": 'button[type="submit"]',
    },
}
ERRORS = {"role_alert": "[role=alert]", "error_message": ".error-message", "alert_danger": ".alert-danger"}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the whole module, so that its tests share one browser."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(None), chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, sandbox: SandboxProcess) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=sandbox.url)
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()


def selectors(**variant: str) -> dict[str, str | None]:
    usual = {"company_field": "companyId", "user_field": "username", "password_field": "name", "submit": "login"}
    return {field: FIELDS[field][shape] for field, shape in (usual | variant).items()}


async def sign_in(page: Page, clinic: SandboxClinic, password: str | None = None, **variant: str) -> None:
    find = selectors(**variant)
    await page.goto("/login")
    if company := find["company_field"]:
        await page.fill(company, clinic.company_id)
    await page.fill(str(find["user_field"]), clinic.username)
    await page.fill(str(find["password_field"]), password or clinic.password)
    await page.click(str(find["submit"]))


@pytest.mark.parametrize(
    "variant",
    [{field: shape} for field, shapes in FIELDS.items() for shape in shapes],
    ids=lambda variant: "-".join(*variant.items()),
)
async def test_every_seen_form_signs_in(
    sandbox: SandboxProcess, page: Page, clinic: SandboxClinic, variant: dict[str, str]
) -> None:
    await sandbox.fault_settings(sign_in=variant)
    await sign_in(page, clinic, **variant)
    await page.wait_for_url("**/dashboard")
    assert "neo_session" in {cookie.get("name") for cookie in await page.context.cookies()}


async def test_the_form_appears_after_the_load_event(sandbox: SandboxProcess, page: Page) -> None:
    await sandbox.fault_settings(sign_in={"draw_delay_ms": 2000})
    await page.goto("/login")
    assert await page.locator("input").count() == 0
    await page.wait_for_selector("input")


@pytest.mark.parametrize("shape", ERRORS)
async def test_a_rejection_shows_in_each_of_its_shapes(
    sandbox: SandboxProcess, page: Page, clinic: SandboxClinic, shape: str
) -> None:
    await sandbox.fault_settings(sign_in={"error": shape})
    await sign_in(page, clinic, "wrong")
    await expect(page.locator(ERRORS[shape])).to_contain_text("Invalid")
    assert page.url.endswith("/login")
    others = [selector for name, selector in ERRORS.items() if name != shape]
    assert [await page.locator(selector).count() for selector in others] == [0, 0]


@pytest.mark.parametrize("name", ["code", "otp"])
async def test_a_second_factor_shows_its_field(
    sandbox: SandboxProcess, page: Page, clinic: SandboxClinic, name: str
) -> None:
    await sandbox.fault_settings(clinic.company_id, sign_in={"second_factor": name})
    await sign_in(page, clinic)
    await page.fill(f'input[name="{name}"]', "246810")
    await page.click("button")
    await page.wait_for_url("**/dashboard")


@pytest.mark.parametrize("number", range(5))
async def test_the_schedule_page_shows_the_day_as_it_is(
    sandbox: SandboxProcess, page: Page, clinics: list[SandboxClinic], number: int
) -> None:
    clinic = clinics[number]
    await sign_in(page, clinic)
    await page.wait_for_url("**/dashboard")
    await page.goto("/schedule")
    truth = await sandbox.truth(clinic.company_id, clinic.today, clinic.today)
    await expect(page.locator(".event")).to_have_count(len(truth))
    taken = sum(record["appointment_type"] != "block" for record in truth)
    await expect(page.get_by_role("status")).to_contain_text(f"{taken} appointments")
    await page.get_by_role("button", name="The week after").click()
    await expect(page.get_by_role("status")).to_contain_text("11 March")
    asked = await sandbox.request_log(kind="calendar")
    assert asked[-1].query == {"start": "2026-03-09 00:00:00", "end": "2026-03-16 00:00:00"}


async def test_the_schedule_page_says_when_it_cannot_load(
    sandbox: SandboxProcess, page: Page, clinic: SandboxClinic
) -> None:
    await sign_in(page, clinic)
    await page.wait_for_url("**/dashboard")
    await sandbox.fault_settings(cut_body=True)
    await page.goto("/schedule")
    await expect(page.get_by_role("status")).to_contain_text("could not be loaded")


async def test_no_page_asks_for_what_is_not_there(
    sandbox: SandboxProcess, page: Page, clinic: SandboxClinic
) -> None:
    await sign_in(page, clinic)
    await page.wait_for_url("**/dashboard")
    await page.goto("/schedule")
    await page.wait_for_selector(".event")
    assert {call.status for call in await sandbox.request_log()} <= {200, 302, 304}


async def test_pages_play_their_tricks(sandbox: SandboxProcess, page: Page, clinic: SandboxClinic) -> None:
    seen: list[Any] = []

    async def dismiss(dialog: Any) -> None:
        seen.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", dismiss)

    def is_tracker(request: Request) -> bool:
        return request.method == "POST" and request.url.startswith("https://tracker.invalid/")

    await sandbox.fault_settings(dialog=True, download=True, popup=True, permission=True, tracker=True)
    async with (
        page.expect_download() as download,
        page.context.expect_page() as popup,
        page.expect_request(is_tracker),
    ):
        await page.goto("/login")
    assert seen == ["alert"]
    assert (await download.value).suggested_filename == "report.csv"
    assert (await popup.value).url.endswith("/help")
