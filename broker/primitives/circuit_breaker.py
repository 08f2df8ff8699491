"""A circuit breaker shared by all processes: after repeated failures it blocks calls, then allows one trial
call."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self

from nats.aio.client import Client
from nats.js import JetStreamContext

from ..errors import CircuitOpen
from ..transport.clock import ServerClock
from .kv import Bucket
from .shared_record import SharedRecord

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether calls are allowed. Times are the server's, in seconds since the epoch; 0 means never."""

    #: No call is allowed before this.
    open_until: float = 0.0
    #: A trial call is in progress until this; no other call is allowed.
    probe_until: float = 0.0

    def state(self, now: float) -> State:
        """Returns "closed" (all calls allowed), "open" (none) or "half_open" (one trial call)."""
        if not self.open_until:
            return "closed"
        return "open" if now < self.open_until else "half_open"

    def admit(self, now: float, probe: float) -> tuple[Self, float]:
        """Returns the changed record and how many seconds the caller must wait (0.0: the call is allowed)."""
        match self.state(now):
            case "closed":
                return self, 0.0
            case "open":
                return self, self.open_until - now
        if now < self.probe_until:
            return self, self.probe_until - now
        return replace(self, probe_until=now + probe), 0.0


@dataclass(frozen=True, slots=True)
class Circuit(Gate):
    """The shared record of a circuit breaker."""

    #: Failures since the last success.
    failures: int = 0

    def succeeded(self) -> Circuit:
        """Returns the record after a success: closed."""
        return Circuit()

    def failed(self, now: float, threshold: int, cool_down: float) -> Circuit:
        """Returns the record after a failure: open after `threshold` failures or a failed trial call."""
        failures = self.failures + 1
        if failures < threshold and not self.open_until:
            return replace(self, failures=failures)
        return Circuit(failures=failures, open_until=now + cool_down)


class CircuitBreaker:
    """Closed until `threshold` failures in a row; then open for `cool_down` seconds; then half-open: one caller of
    all processes may try. Its success closes the circuit, its failure opens it again. If it reports nothing for
    `probe` seconds, another caller may try.

        if (wait := await breaker.admit()) == 0.0: ...; await breaker.succeeded()  # or failed()
        async with breaker: ...                                   # the same; raises CircuitOpen
    """

    def __init__(
        self,
        nats: Client | JetStreamContext,
        *,
        bucket: str,
        key: str,
        threshold: int = 5,
        cool_down: float = 30.0,
        probe: float = 30.0,
        replicas: int = 1,
    ) -> None:
        stored = Bucket(nats, bucket, replicas=replicas)
        self._circuit = SharedRecord(stored, ServerClock(stored.stream), key, _decode)
        self._key = key
        self._threshold = threshold
        self._cool_down = cool_down
        self._probe = probe

    async def admit(self) -> float:
        """Returns 0.0 if the call is allowed (then report its outcome), else the seconds to wait before asking
        again."""
        return await self._circuit.change(lambda circuit, now: circuit.admit(now, self._probe))

    async def succeeded(self) -> None:
        """Reports that an allowed call succeeded."""
        await self._circuit.change(lambda circuit, _: (circuit.succeeded(), None))

    async def failed(self) -> None:
        """Reports that an allowed call failed."""
        await self._circuit.change(
            lambda circuit, now: (circuit.failed(now, self._threshold, self._cool_down), None)
        )

    async def state(self) -> State:
        """Returns the current state, for metrics and display."""
        circuit = await self._circuit.read()
        return circuit.state(await self._circuit.now())

    async def __aenter__(self) -> CircuitBreaker:
        if wait := await self.admit():
            raise CircuitOpen(self._key, wait)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None:
            await self.succeeded()
        elif issubclass(kind, Exception):  # a cancelled call is not evidence about the called service
            await self.failed()


def _decode(value: bytes | None) -> Circuit:
    return Circuit(**json.loads(value)) if value else Circuit()
