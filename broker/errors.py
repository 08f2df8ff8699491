"""The broker's errors, and the mapping of transport errors to Dramatiq's `BrokerConnectionError`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import nats.errors
import nats.js.errors
from dramatiq.errors import BrokerConnectionError, BrokerError, ConnectionClosed, ConnectionFailed
from dramatiq.middleware import SkipMessage


class MailboxFull(BrokerError):
    """A queue has no room for another message; nothing was stored.

    `queue` is its name, `limit` its limit and `size` how much it holds: messages, or bytes when `unit` is "bytes".
    It is not a `BrokerConnectionError`, which Dramatiq's worker would retry without a limit.
    """

    def __init__(self, queue: str, limit: int, size: int, unit: str = "messages") -> None:
        self.message = f"The mailbox {queue} is full ({size} of {limit} {unit}): send again when it has room."
        self.queue, self.limit, self.size, self.unit = queue, limit, size, unit


class MessageTooLarge(BrokerError):
    """A message, result or value of `size` bytes, headers included, exceeds `limit`: the server's `max_payload`,
    less what a retry or dead letter of the message may add. Nothing was sent."""

    def __init__(self, size: int, limit: int) -> None:
        self.message = (
            f"A message of {size} bytes is over the limit of {limit}, which is the server's "
            "max_payload minus a reserve for retries and the dead letter: store the data "
            "elsewhere and send its id, or raise max_payload."
        )
        self.size, self.limit = size, limit


class DelayTooLong(BrokerError):
    """A message is due later than a NATS server can represent (year 2262). Nothing was sent."""

    def __init__(self, seconds: float) -> None:
        self.message = (
            f"A delay of {seconds} s ends after the year 2262, the latest time that a NATS server "
            "supports: send with a shorter delay."
        )
        self.seconds = seconds


class DeclarationRefused(BrokerError):
    """The server refuses the options of a stream, consumer or bucket; the message names it and the reason."""

    def __init__(self, message: str) -> None:
        self.message = message


class StorageFull(BrokerConnectionError):
    """NATS has no storage left, on its disk or within the account's limits. Nothing was stored;
    the same operation may succeed when there is room."""

    def __init__(self, reason: str) -> None:
        self.message = (
            f"NATS has no room to store messages ({reason}): free space on its disk, or raise "
            "max_file_store or the account's limit"
        )


class DeliveriesExhausted(SkipMessage):
    """A message was delivered `deliveries` times and never settled: it probably crashes its worker."""

    def __init__(self, deliveries: int, limit: int) -> None:
        super().__init__(f"delivered {deliveries} times without an ack; the limit is {limit}")
        self.deliveries, self.limit = deliveries, limit


class LeaseLost(Exception):
    """A lease ended while its holder worked: another process may hold it now, so the holder must stop."""


class CircuitOpen(Exception):
    """The circuit breaker is open; it may allow a call again in `retry_after` seconds."""

    def __init__(self, key: str, retry_after: float) -> None:
        super().__init__(f"The circuit breaker {key!r} is open; try again in {retry_after:.1f} s.")
        self.key, self.retry_after = key, retry_after


#: Errors after which the same request may be repeated: no response, or none in time.
PASSING = (
    nats.errors.ConnectionClosedError,
    nats.errors.ConnectionReconnectingError,
    nats.errors.NoRespondersError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.StaleConnectionError,
    nats.js.errors.NoStreamResponseError,
    asyncio.TimeoutError,
    OSError,
)


#: The server's disk or memory is full, or a limit of the server or account is reached: insufficient resources,
#: storage resources exceeded, memory resources exceeded, account resources exceeded.
NO_ROOM = (10023, 10047, 10028, 10002)


def is_passing(error: BaseException) -> bool:
    """Whether the error is temporary: the connection, the server's storage, or a stream without a leader."""
    if isinstance(error, nats.js.errors.APIError):
        if error.err_code in NO_ROOM:
            return True
        # 10008: no leader yet. 10077: the stream is full, which is an expected response.
        # 10158: the cluster has not decided yet on the first attempt to store this same message.
        return (error.code == 503 and error.err_code != 10077) or error.err_code == 10158
    return isinstance(error, PASSING)


@contextmanager
def transport() -> Iterator[None]:
    """Maps the transport errors of the NATS client to Dramatiq's errors."""
    try:
        yield
    except nats.errors.NoServersError as error:
        raise ConnectionFailed(f"No NATS server responds: {error}") from error
    except Exception as error:
        if not is_passing(error):
            raise
        if isinstance(error, nats.js.errors.APIError) and error.err_code in NO_ROOM:
            raise StorageFull(f"{error.description}, {error.err_code}") from error
        raise ConnectionClosed(f"NATS is unreachable: {error or type(error).__name__}") from error
