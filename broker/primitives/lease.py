"""A lease: at most one holder at a time among all processes; another takes over after the holder dies."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from types import TracebackType
from uuid import uuid4

from dramatiq.logging import get_logger
from nats.aio.client import Client
from nats.js import JetStreamContext

from ..errors import LeaseLost
from .kv import Bucket


class Lease:
    """A renewed lease with at most one holder; `ttl` seconds after the last renewal another holder may take it.

        async with Lease(client, bucket="leases", key="report", ttl=10) as lease:
            ...  # lease.fence is larger for every later holder: let the target of your writes compare it

    Entering waits for the lease without a limit; use `asyncio.timeout` to limit it. When the lease is lost (it
    could not be renewed for `ttl` seconds, for whatever reason, or the process was stopped), the body is cancelled
    and LeaseLost is raised with the reason.
    A stopped process notices the loss only when it continues, so work that must never happen twice has to compare
    `fence`. `ttl` is at least 1 second. An instance can be reused, but only by one task at a time.
    """

    def __init__(
        self,
        nats: Client | JetStreamContext,
        *,
        bucket: str,
        key: str,
        ttl: float,
        holder: str = "",
        replicas: int = 1,
    ) -> None:
        """`holder` is stored in the bucket to show who holds the lease."""
        if ttl < 1:
            raise ValueError(f"ttl is {ttl} s; the minimum that the server supports is 1 s.")
        self._bucket = Bucket(nats, bucket, replicas=replicas)
        self._key = key
        self._ttl = ttl
        self._value = (holder or uuid4().hex).encode()
        self._revision = 0
        self._fence = 0
        self._ending = asyncio.Event()
        self._valid_until = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._body: asyncio.Task[object] | None = None
        #: Cancellations of the body's task that came before, and that are not this lease's to take back.
        self._cancels_before = 0
        self._lost = False
        self._has_cancelled = False
        #: Why the last renewal failed.
        self._trouble: Exception | None = None
        self._logger = get_logger(__name__, type(self))

    @property
    def fence(self) -> int:
        """A number that increases with each holder; 0 while the lease is not held."""
        return self._fence if self._renewal is not None else 0

    @property
    def is_valid(self) -> bool:
        """Whether no other process can hold the lease at this moment, by the local clock."""
        return self._renewal is not None and not self._lost and time.monotonic() < self._valid_until

    async def acquire(self, timeout: float | None = None) -> bool:
        """Takes the lease and keeps it until `release`; returns False if it was not free within `timeout`
        seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if await self._take():
            return True
        async with self._bucket.changes(self._key) as changed:
            while deadline is None or time.monotonic() < deadline:
                changed.clear()
                # Refused writes are announced to all subscribers, including this one: without the read, this loop
                # would never sleep.
                if (await self._bucket.read(self._key)).value is None and await self._take():
                    return True
                # An expiry is not announced: a waiter notices it up to a quarter of `ttl` (at most 1 s) late.
                pause = min(self._ttl, 4.0) / 4 * random.uniform(0.5, 1)  # noqa: S311
                if deadline is not None:
                    pause = min(pause, max(0.0, deadline - time.monotonic()))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await changed.wait()
        return False

    async def release(self) -> None:
        """Releases the lease; has no effect if it was lost or not held.

        If the server does not delete it, it expires after `ttl` seconds.
        """
        renewal, self._renewal = self._renewal, None
        if renewal is None:
            return
        # The renewal is not cancelled: one in progress changes the revision, which the deletion must name.
        self._ending.set()
        await renewal
        if self._lost:
            return
        try:
            await self._bucket.delete(self._key, revision=self._revision)
        except Exception as error:
            # The work under the lease is done; it must not fail because the next holder has to wait.
            self._logger.warning(
                "The lease %r could not be deleted and expires in %g s: %s", self._key, self._ttl, error
            )

    async def __aenter__(self) -> Lease:
        self._body = asyncio.current_task()
        self._cancels_before = self._body.cancelling() if self._body is not None else 0
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        body = self._body
        self._body = None
        await asyncio.shield(self.release())
        if self._lost:
            is_ours = self._has_cancelled and body is not None and body.uncancel() <= self._cancels_before
            if kind is asyncio.CancelledError and not is_ours:
                return  # another caller has (also) cancelled the body
            reason = (
                f": its renewal failed with {type(trouble).__name__}: {trouble}"
                if (trouble := self._trouble)
                else ""
            )
            raise LeaseLost(
                f"The lease {self._key!r} was lost during the work that it protects{reason}."
            ) from error

    async def _take(self) -> bool:
        asked = time.monotonic()
        revision = await self._bucket.create(self._key, self._value, ttl=self._ttl)
        if revision is None:
            return False
        self._revision = self._fence = revision
        self._valid_until = asked + self._ttl
        self._lost = self._has_cancelled = False
        self._trouble = None
        self._ending = asyncio.Event()
        self._renewal = asyncio.create_task(self._renew())
        return True

    async def _renew(self) -> None:
        while not self._lost:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._ttl / 3):
                    await self._ending.wait()
            if self._ending.is_set():
                return
            await self._renew_once()
            if time.monotonic() >= self._valid_until:
                self._lost = True
        if self._body is not None:
            self._has_cancelled = self._body.cancel()

    async def _renew_once(self) -> None:
        asked = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, self._valid_until - asked)):
                revision = await self._bucket.write(self._key, self._value, revision=self._revision, ttl=self._ttl)
        except Exception as error:
            # The lease stays valid until `ttl` is over, even if the server's refusal is permanent.
            if self._trouble is None or not isinstance(error, TimeoutError):
                self._trouble = error  # a timeout says less than an earlier refusal
            return
        if revision is None:
            self._lost = True
        else:
            self._revision, self._valid_until, self._trouble = revision, asked + self._ttl, None
