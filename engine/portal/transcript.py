"""Collects a whole session with the portal, unmasked and in memory only: for the first contact, and for recordings.

Nothing here is ever stored or shown as it is: `engine.portal.recording` masks it first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

#: Requests kept of one session: a page that reloads itself must not fill the memory.
MAX_EXCHANGES = 300


class Origin(StrEnum):
    """Where a request came from."""

    PAGE = "page"
    PART = "part of a page"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response. `status` None: no response arrived, and `failure` says why."""

    origin: Origin
    method: str
    url: str = field(repr=False)
    sent_at: datetime
    seconds: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    set_cookies: Sequence[str] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    failure: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class SignInForm:
    """The fields of the sign-in form that were found, and the page as its script has drawn it.

    `inputs` describes each visible field as `name=… type=… id=…`, known or not.
    """

    has_company: bool
    has_user: bool
    has_password: bool
    has_submit: bool
    inputs: tuple[str, ...]
    html: str = field(repr=False)

    def describe(self) -> str:
        """The known fields that the page shows, and those that it lacks."""
        fields = {"company id": self.has_company, "user": self.has_user, "password": self.has_password}
        fields["button"] = self.has_submit
        shown, lacking = [[name for name, there in fields.items() if there is what] for what in (True, False)]
        return ", ".join(shown or ["no known field"]) + (f"; no {', no '.join(lacking)}" if lacking else "")


@dataclass(frozen=True, slots=True)
class Landing:
    """The page after the sign-in, and the cookies that the portal has set by then."""

    path: str
    cookies: Sequence[Mapping[str, object]] = field(repr=False)


@dataclass(slots=True)
class Transcript:
    """One session. `listener` is called with each part as it arrives, and the time since `begun` in seconds."""

    begun: float = field(default_factory=time.monotonic)
    listener: Callable[[Exchange | SignInForm | Landing, float], None] | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    form: SignInForm | None = None
    #: The page on which the sign-in ended, if it failed.
    last_page: str = field(default="", repr=False)
    landing: Landing | None = None
    user_agent: str = ""
    #: Requests that were not kept, because there were too many.
    dropped: int = 0

    def saw(self, part: Exchange | SignInForm | Landing) -> None:
        match part:
            case Exchange():
                if len(self.exchanges) >= MAX_EXCHANGES:
                    self.dropped += 1
                    return
                self.exchanges.append(part)
            case SignInForm():
                self.form = part
            case Landing():
                self.landing = part
        if self.listener is not None:
            self.listener(part, time.monotonic() - self.begun)
