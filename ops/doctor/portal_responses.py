"""Requests portals: whether they respond, and what their clocks say about the one of this machine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from actors.settings import Settings
from engine.clock_skew import skew
from engine.portal_address import is_loopback
from ops.doctor.finding import Finding, good, warn

#: In seconds.
TIMEOUT = 10.0
#: A difference of the clocks that is reported, in seconds: proxies may add some, and the header has whole seconds.
TOLERATED = 5.0


@dataclass(frozen=True, slots=True)
class PortalResponse:
    """`differs`: by how many seconds this machine's clock differs from the portal's; None: unknown."""

    status: int
    differs: float | None


async def portal(settings: Settings) -> list[Finding]:
    """Checks the default portal; `ops/doctor/portals.py` checks the clinics' own."""
    url = settings.idexx_base_url
    response = await asyncio.to_thread(_request, url)
    found = [_finding(url, response, "the network, the proxy and IDEXX_BASE_URL"), *_clock(response)]
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        what = f"{url} is not https: passwords and sessions can be read on the way"
        found.append(warn("portal", what, "set IDEXX_BASE_URL to an https address"))
    return found


async def reachable(url: str, checked: str) -> Finding:
    """Whether a portal responds; `checked` is what to check if not."""
    return _finding(url, await asyncio.to_thread(_request, url), checked)


def _finding(url: str, response: PortalResponse | str, checked: str) -> Finding:
    if isinstance(response, str):
        return warn("portal", f"{url} does not respond: {response}", f"check {checked}")
    message = f"{url} returns status {response.status}"
    if response.status < 500:
        return good("portal", message)
    return warn("portal", message, "wait, or check the portal's status page")


def _clock(response: PortalResponse | str) -> list[Finding]:
    """Compares this machine's clock with the portal's: the servers beside it may be on the same machine."""
    if isinstance(response, str) or response.differs is None:
        return []
    if response.differs <= TOLERATED:
        return [good("clock", "this machine's clock agrees with the portal's")]
    what = f"this machine's clock differs from the portal's by {response.differs:.0f} s"
    return [warn("clock", what, "synchronize this machine's clock with NTP: timedatectl set-ntp true")]


def _request(url: str) -> PortalResponse | str:
    before = datetime.now(UTC)
    try:
        with urlopen(Request(url, method="HEAD"), timeout=TIMEOUT) as answer:  # noqa: S310 (checked: http)
            return PortalResponse(int(answer.status), _differs(before, answer.headers))
    except HTTPError as error:
        return PortalResponse(error.code, _differs(before, error.headers))
    except OSError as error:
        return str(getattr(error, "reason", error))


def _differs(before: datetime, headers: Message) -> float | None:
    if "Age" in headers:  # from a cache: its date is that of another response
        return None
    try:
        server = parsedate_to_datetime(str(headers["Date"]))
    except (TypeError, ValueError):
        return None
    if server.tzinfo is None:
        return None
    return skew(before, server, datetime.now(UTC), resolution=1.0)
