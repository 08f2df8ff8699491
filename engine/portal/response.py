"""Classifies a response of the portal: JSON that can be believed, or a failure with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from engine.failure import Failure, PortalFailure, Reason
from engine.retry_after import read_retry_after

#: Longest pause that is honored, in seconds.
MAX_RETRY_AFTER = 3600.0

#: Paths of sign-in pages. In an address `//login.` starts a host, and does not match.
LOGIN_PATH = re.compile(r"(?<!/)/(log|sign)[-_]?(in|on)\b", re.IGNORECASE)
#: Where a call whose session has ended is redirected.
_SIGN_IN_ADDRESS = re.compile(rf"{LOGIN_PATH.pattern}|(?<!/)/(auth|sso)\b", re.IGNORECASE)
_LOGIN_MARKS = re.compile(
    r"""type=["']?password|name=["']?password|action=["']?[^"'>]*log-?in|<title>[^<]*(log|sign)\s*-?in|"""
    r"""(url|location(\.href)?)\s*=\s*["']?[^"'<>\s]*/(log|sign)[-_]?(in|on)\b""",
    re.IGNORECASE,
)
#: Words in JSON that comes instead of data.
_ENDED_WORDS = re.compile(
    r"session (has |is )?(expired|ended|timed out|invalid)|not (authenticated|authori[sz]ed|(logged|signed) in)|"
    r"unauthenticated|authentication required|(log|sign)[ -]?in (is )?required|please (log|sign) ?in",
    re.IGNORECASE,
)
_LOGIN_WORDS = re.compile(r"\b(log|sign)[\s_-]*in\b", re.IGNORECASE)
_MAINTENANCE_WORDS = re.compile(r"maintenance|temporarily unavailable|be right back|be back soon", re.IGNORECASE)


#: Statuses that some portals return for an ended session, and others for a user without permission.
REFUSALS = frozenset({403, 419, 440})


class AccessRefused(PortalFailure):
    """A status of `REFUSALS`: the session may have ended. `otherwise` is its meaning if it cannot have ended."""

    def __init__(self, status: int) -> None:
        super().__init__(Failure(Reason.SESSION_ENDED, f"the session may have ended ({status})"))
        self.otherwise = Failure(
            Reason.PORTAL_CHANGED,
            f"the portal returned {status} directly after a new sign-in: the user may lack access "
            "to the calendar, or a firewall refuses the calls; sign in by hand and check",
        )


@dataclass(frozen=True, slots=True)
class PortalResponse:
    """A response. `headers` have lower-case names. `url` is the requested address."""

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


def read_json(answer: PortalResponse, now: datetime) -> Any:
    """The JSON value of a good response. Raises `PortalFailure` for any other."""
    check_status(answer, now)
    text = _text(answer)
    try:
        value = json.loads(text, object_pairs_hook=_strict_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("<"):
            raise _fail(*page_reason(text)) from error
        raise _fail(Reason.BAD_ANSWER, f"the body of {len(answer.body)} bytes is not JSON") from error
    if _says_ended(value):
        raise _fail(Reason.SESSION_ENDED, "the session has ended (according to the response)")
    return value


def _says_ended(value: Any) -> bool:
    """Whether an object without any data says, in words or by an address, that a sign-in is needed."""
    if not isinstance(value, dict) or any(isinstance(part, list | dict) and part for part in value.values()):
        return False
    texts = [part for part in value.values() if isinstance(part, str)]
    return any(_ENDED_WORDS.search(text) or (" " not in text and leads_to_sign_in(text)) for text in texts)


def retry_after(answer: PortalResponse, now: datetime) -> float | None:
    """Returns the seconds that the portal asks to wait, if it does."""
    return read_retry_after(answer.headers.get("retry-after"), now, MAX_RETRY_AFTER)


def check_status(answer: PortalResponse, now: datetime) -> None:
    """Raises `PortalFailure` unless the status is 200. A redirect that arrives here was not to be followed."""
    status = answer.status
    if status == 200:
        return
    pause = retry_after(answer, now)
    if status == 429:
        raise _fail(Reason.RATE_LIMITED, "too many calls (429)", pause)
    if status == 401:
        raise _fail(Reason.SESSION_ENDED, "the session has ended (401)")
    if status in REFUSALS and "cf-mitigated" not in answer.headers:
        raise AccessRefused(status)
    if 300 <= status < 400:
        if leads_to_sign_in(answer.headers.get("location", "")):
            raise _fail(Reason.SESSION_ENDED, f"the session has ended ({status} to the login page)")
        raise _fail(Reason.PORTAL_CHANGED, f"an unknown redirect ({status})")
    if status >= 500:
        raise _fail(Reason.PORTAL_UNAVAILABLE, f"the portal returned {status}", pause)
    if status == 408:
        raise _fail(Reason.TIMED_OUT, "the portal timed out waiting for the request (408)")
    if 200 <= status < 300:
        raise _fail(Reason.BAD_ANSWER, f"a response without its whole body ({status})")
    raise _fail(Reason.PORTAL_CHANGED, f"an unexpected status ({status})")


def leads_to_sign_in(address: str) -> bool:
    """Whether a redirect to this address means that the session has ended."""
    return _SIGN_IN_ADDRESS.search(address) is not None


def page_reason(html: str) -> tuple[Reason, str]:
    """Why a page came instead of JSON, or of the login form.

    A login page is often drawn by script, so its HTML may contain only words; but a maintenance page often
    mentions signing in as well. Hence this order.
    """
    if _LOGIN_MARKS.search(html):
        return Reason.SESSION_ENDED, "the session has ended (the response is the login page)"
    if _MAINTENANCE_WORDS.search(html):
        return Reason.MAINTENANCE, "the portal shows a maintenance page"
    if _LOGIN_WORDS.search(html):
        return Reason.SESSION_ENDED, "the session has ended (the response is the login page)"
    return Reason.BAD_ANSWER, "the response is an unknown page instead of data"


def _text(answer: PortalResponse) -> str:
    charset = re.search(r"charset=[\"']?([\w.:-]+)", answer.content_type, re.IGNORECASE)
    try:
        return answer.body.decode(_codec(charset.group(1) if charset else "utf-8"))
    except (ValueError, LookupError) as error:
        if answer.body.lstrip().startswith(b"<"):
            raise _fail(*page_reason(answer.body.decode("latin-1"))) from error
        raise _fail(Reason.BAD_ANSWER, "the body is not text in its declared character set") from error


def _codec(charset: str) -> str:
    return "utf-8-sig" if charset.lower() in {"utf-8", "utf8"} else charset


def _strict_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses objects with a repeated key, which hides a value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _fail(reason: Reason, message: str, pause: float | None = None) -> PortalFailure:
    return PortalFailure(Failure(reason, message, pause))
