"""Determines from what the page shows how a sign-in ended."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.failure import Failure, Reason
from engine.portal.protocols import Cookie
from engine.portal.response import LOGIN_PATH

LANDING = re.compile(r"dashboard|home|schedule", re.IGNORECASE)
CODE_WANTED = (
    "the portal asks for a second-factor code, which idexx-sync cannot enter; use a "
    "portal user without a second factor, then test the credentials"
)
PERSON_WANTED = "the portal asks for a captcha; sign in by hand once, then test the credentials"
COMPANY_WRONG = "the portal rejects the company id; store the credentials again with the right one"
SESSION_COOKIE = re.compile(r"session|auth|token", re.IGNORECASE)

#: Cookies that protect a form, and are set long before the sign-in.
_FORM_COOKIE = re.compile(r"csrf|xsrf|requestverification", re.IGNORECASE)

_WRONG = r"invalid|incorrect|wrong|not match|unknown|not recogni[sz]ed|not found|does not exist"

#: Patterns of alerts, in the order in which they count. An unknown text counts as a rejected password: sending it
#: again could lock the account.
_ALERTS: tuple[tuple[str, Reason, str], ...] = (
    (r"captcha|robot|are human", Reason.SECOND_FACTOR, PERSON_WANTED),
    (r"lock|disabled|suspended|too many|blocked", Reason.ACCOUNT_LOCKED, "the account is locked"),
    (r"verification code|one.time|second factor|two.factor|2fa", Reason.SECOND_FACTOR, CODE_WANTED),
    (rf"(?s)^(?=.*company)(?=.*({_WRONG}))(?!.*(user|e-?mail|password))", Reason.LOGIN_REJECTED, COMPANY_WRONG),
    (rf"(?s)^(?=.*company)(?=.*({_WRONG}))", Reason.LOGIN_REJECTED,
     "the portal rejects the company id, the user name or the password"),
    (rf"{_WRONG}|password", Reason.LOGIN_REJECTED, ""),
    (r"form has expired|page has expired|csrf", Reason.SESSION_ENDED, "the sign-in form had expired"),
    (r"unavailable|try again|later|maintenance|went wrong|error", Reason.PORTAL_UNAVAILABLE,
     "the portal does not accept sign-ins at present"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: its address, whether it asks for a code, and the texts of its alerts.

    `is_complete`: it has loaded; `is_static`: it has loaded and has neither a form nor a script that could draw
    one; `has_password`: it shows a password field.
    """

    url: str
    asks_code: bool = False
    alerts: tuple[str, ...] = ()
    is_static: bool = False
    is_complete: bool = False
    has_password: bool = False


def is_landing(url: str) -> bool:
    path = urlsplit(url).path
    return bool(LANDING.search(path)) and not LOGIN_PATH.search(path)


def session_cookies(cookies: Collection[Cookie]) -> set[tuple[str, str]]:
    """Name and value of each cookie that may be a session's."""
    return {
        (cookie["name"], cookie["value"])
        for cookie in cookies
        if SESSION_COOKIE.search(cookie["name"]) and not _FORM_COOKIE.search(cookie["name"])
    }


def refusal(view: View, before: View) -> Failure | None:
    """Why the portal refuses, if the page says so; None while it shows nothing new."""
    if view.asks_code:
        return Failure(Reason.SECOND_FACTOR, CODE_WANTED)
    if is_landing(view.url):
        return None
    news = [text for text in view.alerts if text not in before.alerts]
    return alert_failure(" ".join(news)) if news else None


def alert_failure(text: str) -> Failure:
    """The failure that an alert means. Its own words are not included: they may name the user."""
    for words, reason, message in _ALERTS:
        if re.search(words, text, re.IGNORECASE):
            return Failure(reason, message or "the portal rejects the user name or the password")
    return Failure(Reason.LOGIN_REJECTED, "the portal refuses the sign-in with an unknown alert")
