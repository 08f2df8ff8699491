"""Finds and closes what covers the sign-in form: a cookie banner, a dialog, an overlay."""

from __future__ import annotations

import re

from playwright.async_api import ElementHandle, Locator, Page
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

#: Time for an element to come to rest and to receive a click, in milliseconds.
REACH_MS = 1000

#: Number of covers to close: a dialog may lie behind another one.
MAX_COVERS = 3

BUTTONS = "button, [role=button], input[type=button], input[type=submit]"
DIALOGS = "dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]"

#: Labels of buttons that close something, best first: refusing cookies works as well as accepting them, and binds
#: less.
_CLOSING = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"(close|dismiss|hide|skip|not now|later|no,? thanks?|[x×✕✖])\b.{0,20}|[x×✕✖]",
        r"(reject|decline|refuse|deny|only|use only|necessary|essential)\b.{0,30}",
        r"(ok|okay|got it|i understand|understood|continue)\b.{0,20}",
        r"(i )?(accept|agree|allow|consent)\b.{0,30}",
    )
)

#: The outermost element over the middle of the target that does not contain the target itself.
_FIND_COVER = """(target) => {
  target.scrollIntoView({ block: 'center', behavior: 'instant' });
  const box = target.getBoundingClientRect();
  let found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!found || found.contains(target) || target.contains(found)) return null;
  while (found.parentElement && !found.parentElement.contains(target)) found = found.parentElement;
  return found;
}"""
_DESCRIBE = """(element) => [
  element.localName, element.id ? '#' + element.id : '', ...[...element.classList].map((name) => '.' + name),
].join('')"""
_LABEL = "(element) => (element.innerText || element.value || element.ariaLabel || element.title || '').trim()"


async def cover_of(target: Locator) -> str | None:
    """Returns a CSS selector of the element that covers the target; None if none does."""
    cover = await _find(target)
    return None if cover is None else _masked(str(await cover.evaluate(_DESCRIBE)))


async def uncover(target: Locator) -> None:
    """Closes what covers the target, by a button whose label says so, or by Escape."""
    for _ in range(MAX_COVERS):
        try:
            if (cover := await _find(target)) is None:
                return
            await _close(target.page, cover)
        except PlaywrightError:
            if target.page.is_closed():
                raise


async def _find(target: Locator) -> ElementHandle | None:
    cover = (await target.evaluate_handle(_FIND_COVER)).as_element()
    if cover is not None and await _can_be_clicked(target):  # scrolling another way uncovers it
        return None
    return cover


async def _can_be_clicked(target: Locator) -> bool:
    try:
        await target.click(trial=True, timeout=REACH_MS)
    except PlaywrightTimeout:
        return False
    return True


async def _close(page: Page, cover: ElementHandle) -> None:
    places = [cover, *await page.query_selector_all(DIALOGS)]
    buttons = [button for place in places for button in await place.query_selector_all(BUTTONS)]
    labels = [str(await button.evaluate(_LABEL)) for button in buttons]
    for words in _CLOSING:
        for button, label in zip(buttons, labels, strict=True):
            if words.fullmatch(label) and await button.is_visible():
                await button.click(timeout=REACH_MS)
                return
    await page.keyboard.press("Escape")


def _masked(selector: str) -> str:
    """The selector without digits, shortened to fit a message."""
    return re.sub(r"[^\w#.-]", "", re.sub(r"\d", "9", selector))[:80]
