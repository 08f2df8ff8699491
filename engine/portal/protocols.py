"""What the portal needs from the outside, and what each side promises. The wiring (`actors/`) fills these in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine.failure import Failure, Reason

#: A cookie as Playwright gives and takes it: only JSON values. All of it is secret.
Cookie = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """The cookies of one sign-in, and the browser that it belongs to, as it calls itself (`user_agent`).

    `generation` is unique to it, so that an old one cannot drop a newer one.
    """

    generation: str
    cookies: Sequence[Cookie] = field(repr=False)
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The portal did not let these credentials in; nobody shall send them again by himself.

    `credentials` is `Credentials.version`: the refusal means nothing for any other version.
    """

    credentials: str
    failure: Failure
    at: datetime


class SessionStore(Protocol):
    """Where every DateScraper on every machine finds a clinic's session. It encrypts, and forgets after a while.

    The clinic is named by its slug. Values are kept for a bounded time (a portal session lives about 8 hours).
    """

    async def get(self, clinic: str) -> Session | Refusal | None: ...

    async def put(self, clinic: str, entry: Session | Refusal) -> None:
        """Replaces whatever is there."""

    async def drop(self, clinic: str, generation: str) -> None:
        """Forgets the session if it is still this one; a newer one, or a refusal, stays."""

    async def update(self, clinic: str, session: Session) -> None:
        """Stores what has become of the session's cookies, if it is still this one; it lives no longer for that."""

    def sign_in_lease(self, clinic: str) -> AbstractAsyncContextManager[object]:
        """Held by at most one DateScraper anywhere; waits for its turn, and gives way to a cancel."""


class Budget(Protocol):
    """The portal's rate limit, shared by every worker of every machine."""

    async def acquire(self, clinic: str) -> None:
        """Waits until one more call may be made for this clinic. A cancelled waiter wastes at most its token."""

    async def throttled(self, retry_after: float | None) -> None:
        """The portal answered 429: everybody pauses, `retry_after` seconds where it said so."""

    async def succeeded(self) -> None:
        """The portal answered, and not with 429."""


class Breaker(Protocol):
    """Pauses the calls of a clinic, or of all clinics, while the portal fails them; shared like the budget."""

    async def admit(self, clinic: str) -> Failure | None:
        """None: go on, and record the outcome. A failure: make no call before its `retry_after` is over."""

    async def record(self, clinic: str, outcomes: Mapping[str, Reason | None]) -> None:
        """What came of each date: why the portal failed it, or None if it answered."""


class Observer(Protocol):
    """Is told of every call of the portal that was sent, for those who count."""

    def observe_portal_call(self, status: int | None, seconds: float) -> None:
        """`status` None: no answer came. `seconds` begin with the sending, after the wait for a token."""
