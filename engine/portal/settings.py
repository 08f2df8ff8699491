"""Settings of the portal and the browser. All times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from engine.portal.endpoint import endpoint_of
from engine.portal.network import Upstream
from engine.sync import MAX_SPAN_DAYS


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long each step may take. Waiting for a token or for another worker's sign-in does not count."""

    launch: float = 30.0
    #: A browser that does not respond within this time is hung, and is killed.
    browser_answer: float = 10.0
    #: One page of the sign-in, until its form is visible.
    page: float = 20.0
    #: The whole sign-in, from the first page to the outcome.
    sign_in: float = 60.0
    #: One data call, until the last byte.
    call: float = 30.0
    #: One call of `scrape` for one day; a span has this much for each of its days.
    date: float = 120.0
    #: Pause before a range with empty open days is requested again.
    empty_day_pause: float = 2.0
    #: Pause before a range in which one id stands at several times of a day is requested again: the portal shows a
    #: move twice for less than this.
    move_settles: float = 10.0
    evidence: float = 5.0
    #: Closing a context or a browser gracefully, before it is killed.
    close: float = 5.0


@dataclass(frozen=True, slots=True)
class BrowserLimits:
    """When a browser is closed or replaced. `memory_mib` counts all of its processes and its driver."""

    idle: float = 300.0
    age: float = 1800.0
    contexts: int = 500
    memory_mib: int = 1024
    #: Minimum time between two memory measurements, each of which costs some milliseconds.
    memory_interval: float = 10.0


@dataclass(frozen=True, slots=True)
class PortalSettings:
    base_url: str = "https://us.idexxneo.com"
    headless: bool = True
    chromium_path: Path | None = None
    #: A full browser, even if there is a headless shell: portals may distinguish them.
    full_browser: bool = False
    span_days: int = 7
    #: Maximum length of a response.
    max_body_bytes: int = 32 * 1024 * 1024
    #: New fields of records that an operator has found irrelevant.
    ignored_fields: frozenset[str] = frozenset()
    #: How long a sign-in form that was not understood is left alone.
    sign_in_pause: float = 300.0
    #: The proxies to the portal, for the sign-in and for data calls.
    upstream: Upstream = field(default_factory=Upstream.of_environment)
    times: TimeLimits = field(default_factory=TimeLimits)
    browser: BrowserLimits = field(default_factory=BrowserLimits)

    def __post_init__(self) -> None:
        if not 1 <= self.span_days <= MAX_SPAN_DAYS:
            raise ValueError(f"SCRAPE_SPAN_DAYS: {self.span_days} is out of range; use 1 to {MAX_SPAN_DAYS}")
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                f"IDEXX_BASE_URL: {self.base_url!r} is not an http(s) address; use one like https://portal.example"
            )

    def url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path

    def resolve(self, address: str, relative_to: str) -> str | None:
        """The absolute form of `address`; None if it leaves the portal or is invalid."""
        try:
            target = urljoin(relative_to, address)
        except ValueError:  # brackets without an IPv6 address
            return None
        return target if self.contains(target) else None

    def contains(self, address: str) -> bool:
        """Whether an absolute address lies inside the portal: same scheme, host and port, below its path."""
        endpoint = endpoint_of(address)
        if endpoint is None or endpoint != endpoint_of(self.base_url):
            return False
        folder = urlsplit(self.base_url).path.rstrip("/") + "/"
        return (urlsplit(address).path or "/").startswith(folder)
