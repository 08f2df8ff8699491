"""The interfaces that the portal needs; `actors/` implements them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine.failure import Failure, Reason

#: A cookie in Playwright's form: only JSON values. All of it is secret.
Cookie = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """The cookies of one sign-in, and the user agent of the browser that signed in.

    `generation` is unique to the session, so an old one cannot drop a newer one.
    """

    generation: str
    cookies: Sequence[Cookie] = field(repr=False)
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The portal refused these credentials; no worker sends them again by itself.

    `credentials` is `Credentials.version`: the refusal does not concern any other version.
    """

    credentials: str
    failure: Failure
    at: datetime


class SessionStore(Protocol):
    """Stores clinics' sessions for every DateScraper on every machine, encrypted, for a limited time.

    The clinic is named by its slug. (A portal session lives about 8 hours.)
    """

    async def get(self, clinic: str) -> Session | Refusal | None: ...

    async def put(self, clinic: str, entry: Session | Refusal) -> None:
        """Replaces whatever is stored."""

    async def drop(self, clinic: str, generation: str) -> None:
        """Drops the session if it is still of this generation; a newer one, or a refusal, stays."""

    async def update(self, clinic: str, session: Session) -> None:
        """Stores the session's changed cookies if it is still of this generation; its expiry does not change."""

    def sign_in_lease(self, clinic: str) -> AbstractAsyncContextManager[object]:
        """A lease held by at most one DateScraper anywhere; waits for its turn, and can be cancelled."""


class Budget(Protocol):
    """The portal's rate limit, shared by every worker on every machine."""

    async def acquire(self, clinic: str) -> None:
        """Waits until one more call may be made for this clinic. A cancelled waiter wastes at most its token."""

    async def throttled(self, retry_after: float | None) -> None:
        """Records a 429: all workers pause, for `retry_after` seconds if the portal gave it."""

    async def succeeded(self) -> None:
        """Records a response other than 429."""


class Breaker(Protocol):
    """Pauses the calls of a clinic, or of all clinics, while the portal fails them; shared like the budget."""

    async def admit(self, clinic: str) -> Failure | None:
        """None: call, and record the outcome. A failure: make no call before its `retry_after` is over."""

    async def record(self, clinic: str, outcomes: Mapping[str, Reason | None]) -> None:
        """Records each date: the reason for which the portal failed it, or None if it answered."""


class Observer(Protocol):
    """Observes every call that was sent to the portal, for metrics."""

    def observe_portal_call(self, status: int | None, seconds: float) -> None:
        """`status` None: no response arrived. `seconds` start with the sending, after the wait for a token."""
