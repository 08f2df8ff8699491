"""The NATS server's clock: all processes read the same time, regardless of their local clocks."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import nats.js.errors
from nats.aio.client import Client

from ..errors import transport
from .retry import retried

#: How long a measurement is used; the clocks of two machines drift by less than 0.1 ms per second. Seconds.
FRESH = 60.0
#: Samples are taken until the offset is known to GOOD seconds, at most SAMPLES times. If the uncertainty is still
#: POOR or more, the machine was busy, and the offset is measured again after POOR_FRESH seconds.
GOOD, SAMPLES = 0.0005, 8
POOR, POOR_FRESH = 0.005, 2.0
#: A stream without a leader does not respond: how often it is asked, and timeout and pause of an attempt in
#: seconds.
ATTEMPTS, TIMEOUT, PAUSE = 8, 1.5, 0.2


class ServerClock:
    """The server's time, derived from the local monotonic clock, so that a step of the local clock has no
    effect."""

    def __init__(self, stream: str) -> None:
        """`stream` must exist: a request for its information returns the server's time."""
        self._stream = stream
        self._offset = 0.0
        #: The possible error of `now`, in seconds.
        self.uncertainty = 0.0
        self._fresh_until = float("-inf")
        self._measuring = asyncio.Lock()

    async def now(self, client: Client) -> float:
        """Returns the server's time in seconds since the epoch, accurate to `uncertainty`."""
        if time.monotonic() > self._fresh_until:
            async with self._measuring:
                if time.monotonic() > self._fresh_until:  # no other task has measured in the meantime
                    await self._measure(client)
        return time.monotonic() + self._offset

    async def at(self, moment: float, client: Client) -> float:
        """Returns the server's time at `moment` of the monotonic clock, erring on the late side."""
        await self.now(client)
        return moment + self._offset + self.uncertainty

    async def _measure(self, client: Client) -> None:
        least, most = await self._sample(client)
        for _ in range(SAMPLES - 1):
            if most - least > 2 * GOOD:
                one = await self._sample(client)
                least, most = max(least, one[0]), min(most, one[1])
        self._offset, self.uncertainty = (least + most) / 2, abs(most - least) / 2
        self._fresh_until = time.monotonic() + (FRESH if self.uncertainty < POOR else POOR_FRESH)

    async def _sample(self, client: Client) -> tuple[float, float]:
        """Returns the bounds of the offset: the server read its clock between request and response."""

        async def sample() -> tuple[float, float]:
            sent = time.monotonic()
            answer = await client.request(f"$JS.API.STREAM.INFO.{self._stream}", b"", timeout=TIMEOUT)
            at = _read(answer.data)
            return at - time.monotonic(), at - sent

        with transport():
            return await retried(sample, pause=PAUSE, attempts=ATTEMPTS)


def _read(answer: bytes) -> float:
    fields = json.loads(answer)
    if "ts" not in fields:
        raise nats.js.errors.NoStreamResponseError
    return parse_time(fields["ts"])


def parse_time(text: str) -> float:
    """Converts RFC 3339 with up to nine fractional digits, as the server writes it, to seconds since the epoch."""
    seconds, _, rest = text.rstrip("Z").partition(".")
    at = datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp()
    return at + (float(f"0.{rest}") if rest else 0.0)


def format_time(at: float) -> str:
    """Formats seconds since the epoch as RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
