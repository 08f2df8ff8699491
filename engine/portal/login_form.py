"""Finds, fills and sends the sign-in form, in all variants that have been seen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from engine.credentials import Credentials
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.drift import drift
from engine.portal.overlay import cover_of, uncover
from engine.portal.sign_in_outcome import CODE_WANTED
from engine.portal.sign_in_page import LOOK_EVERY, capture_page

COMPANY = 'input[name="companyId"], input[name="company_id"], input#companyId'
USER = 'input[name="username"], input[type="email"]'
PASSWORD = 'input[name="password"], input[type="password"]'  # noqa: S105
SUBMIT = 'button[type="submit"], input[type="submit"], button:not([type])'
SUBMIT_TEXT = re.compile(r"^\s*(log\s?in|sign\s?in)\s*$", re.IGNORECASE)

NO_COMPANY_ID = (
    "the sign-in form asks for a company id, but none is stored; store the credentials again with the company id"
)

#: How much later than the rest of the form the company's field may appear, in seconds.
COMPANY_GRACE = 1.0

#: Tries to fill the form: a script may empty a field that was filled before it had taken over the form.
FILL_TRIES = 5


class NoForm(Exception):
    """The page will never show a form."""


@dataclass(frozen=True, slots=True)
class LoginForm:
    """The fields of a visible form. `company` is None if the form has no such field."""

    company: Locator | None
    user: Locator
    password: Locator
    submit: Locator | None

    async def fill(self, credentials: Credentials) -> None:
        """Fills the form. Raises `PortalFailure`, and sends nothing, if it needs a value that the clinic lacks."""
        values = [(self.user, credentials.username), (self.password, credentials.password)]
        if self.company is not None:
            if credentials.company_id is None:
                raise PortalFailure(Failure(Reason.NO_COMPANY_ID, NO_COMPANY_ID))
            values.insert(0, (self.company, credentials.company_id))
        for _ in range(FILL_TRIES):
            for field, value in values:
                await field.fill(value)
            if [await field.input_value() for field, _ in values] == [value for _, value in values]:
                return
        raise drift("the sign-in form does not keep the text that is typed into it")

    async def uncover(self) -> None:
        """Closes what covers the form, if it has a button for that."""
        await uncover(self.submit or self.password)

    async def send(self) -> str | None:
        """Sends the form once. If something covers the button, presses Enter and returns the cover's selector."""
        cover = await cover_of(self.submit) if self.submit is not None else None
        if self.submit is None or cover is not None:
            await self.password.press("Enter", no_wait_after=True)
        else:
            await self.submit.click(no_wait_after=True)
        return cover


async def await_form(page: Page, *, has_company: bool, is_cut: Callable[[], bool]) -> LoginForm:
    """Waits until the form is visible.

    Raises `PortalFailure` if a second factor's code is requested instead, and `NoForm` if the page has no script
    that could draw a form, or arrived incomplete. `has_company`: the clinic has a company id, so its field may
    still appear.
    """
    user, password = _visible(page, USER).first, _visible(page, PASSWORD).first
    while not await password.count():
        view = await capture_page(page)
        if view.asks_code:
            raise PortalFailure(Failure(Reason.SECOND_FACTOR, CODE_WANTED))
        if view.is_static or (view.is_complete and is_cut()):
            raise NoForm
        await asyncio.sleep(LOOK_EVERY)
    await user.wait_for()
    return LoginForm(await _company(page, has_company), user, password, await _submit(page))


def _visible(page: Page, selector: str) -> Locator:
    return page.locator(selector).filter(visible=True)


async def _company(page: Page, expected: bool) -> Locator | None:
    company = _visible(page, COMPANY)
    if expected and not await company.count():
        try:
            async with asyncio.timeout(COMPANY_GRACE):
                await company.first.wait_for()
        except TimeoutError:
            return None
    return company.first if await company.count() else None


async def _submit(page: Page) -> Locator | None:
    """The button with a known label, else the submit button beside the password, else None: Enter is used."""
    named = page.get_by_role("button", name=SUBMIT_TEXT).filter(visible=True)
    if await named.count():
        return named.first
    beside = page.locator("form").filter(has=page.locator(PASSWORD)).locator(SUBMIT).filter(visible=True)
    return beside.first if await beside.count() else None
