"""Captures what is visible on a page of the sign-in."""

from __future__ import annotations

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from engine.portal.sign_in_outcome import View

#: Interval between captures while something is awaited, in seconds.
LOOK_EVERY = 0.05

_SCRIPT = """() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length);
  const alerts = shown('[role=alert], .error-message, .alert-danger');
  return {
    code: shown('input[name="code"], input[name="otp"]').length > 0,
    alerts: alerts.map((alert) => alert.innerText.trim().slice(0, 500)).filter((text) => text),
    hasPassword: shown('input[name="password"], input[type="password"]').length > 0,
    isComplete: document.readyState === 'complete',
    isStatic: document.readyState === 'complete' && !document.scripts.length && !document.forms.length,
  };
}"""


async def capture_page(page: Page) -> View:
    try:
        seen = await page.evaluate(_SCRIPT)
    except PlaywrightError:
        if page.is_closed():
            raise
        # The page is navigating to another one.
        return View(page.url)
    return View(
        page.url,
        bool(seen["code"]),
        tuple(seen["alerts"]),
        bool(seen["isStatic"]),
        bool(seen["isComplete"]),
        bool(seen["hasPassword"]),
    )
