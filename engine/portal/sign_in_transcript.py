"""Adds what a sign-in shows to a transcript: responses of its pages, the form as drawn, the page at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Response

from engine.portal.login_form import COMPANY, PASSWORD, SUBMIT, USER
from engine.portal.protocols import Cookie
from engine.portal.transcript import Exchange, Landing, Origin, SignInForm, Transcript

#: Elements of the usual services that want to see a person.
CAPTCHA = (
    "iframe[src*='captcha'], iframe[title*='captcha' i], .g-recaptcha, .h-captcha, .cf-turnstile, "
    "iframe[src*='challenges.cloudflare.com']"
)

#: Visible fields, at most 20, without their values.
_INPUTS = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter((field) => field.getClientRects().length).slice(0, 20)
  .map((field) => ['name', 'type', 'id'].filter((key) => field.getAttribute(key))
    .map((key) => `${key}=${field.getAttribute(key).slice(0, 40)}`).join(' '))"""

#: The page as it is drawn: elements that cannot be seen are marked, since a copy has no style sheet to hide them.
_DRAWN = """() => {
  const isHidden = [...document.querySelectorAll('body *')].map((each) => !each.getClientRects().length);
  const copy = document.documentElement.cloneNode(true);
  copy.querySelectorAll('body *').forEach((each, at) => { if (isHidden[at]) each.setAttribute('hidden', ''); });
  return copy.outerHTML;
}"""


def page_exchange(response: Response, is_page: bool, seconds: float, now: datetime) -> Exchange:
    """The head of a response. Its body may be gone with its page; the page itself is kept as drawn."""
    request = response.request
    origin = Origin.PAGE if is_page else Origin.PART
    sent_at = now - timedelta(seconds=seconds)
    return Exchange(origin, request.method, request.url, sent_at, seconds, response.status, response.headers)


async def saw_form(transcript: Transcript | None, page: Page) -> None:
    """Keeps the page with its form, and which of the known fields it shows."""
    if transcript is None:
        return
    company, user, password, submit = [
        await page.locator(selector).filter(visible=True).count() > 0
        for selector in (COMPANY, USER, PASSWORD, SUBMIT)
    ]
    inputs = tuple(str(each) for each in await page.evaluate(_INPUTS))
    transcript.saw(SignInForm(company, user, password, submit, inputs, str(await page.evaluate(_DRAWN))))


async def saw_end(transcript: Transcript | None, page: Page) -> None:
    """Keeps the page on which a sign-in failed; the form as well, if none was known."""
    if transcript is None:
        return
    try:
        transcript.last_page = str(await page.evaluate(_DRAWN))
        if transcript.form is None:
            await saw_form(transcript, page)
    except PlaywrightError:
        return  # The page is gone.


def saw_landing(transcript: Transcript | None, url: str, cookies: Sequence[Cookie]) -> None:
    if transcript is not None:
        transcript.saw(Landing(urlsplit(url).path, cookies))
