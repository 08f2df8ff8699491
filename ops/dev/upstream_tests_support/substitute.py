"""Adapts NatsBroker to Dramatiq's tests: accepts the other brokers' arguments and the shortcuts of their tests.

Nothing here changes the broker's behavior; it only translates the interface that the tests use.
"""

from __future__ import annotations

import os
import sys
import types
from typing import Any

import dramatiq.brokers  # noqa: F401  (the parent of what is replaced)
from dramatiq import Broker, Message, MessageProxy
from dramatiq.middleware import Middleware

from broker import NatsBroker

URL = os.environ.get("UPSTREAM_NATS_URL", "nats://127.0.0.1:4222")
NAMESPACE = os.environ.get("UPSTREAM_NAMESPACE", "upstream")


class _Failures(Middleware):
    """Records permanent failures for the StubBroker's `join`, which raises them."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def before_nack(self, _broker: Broker, message: MessageProxy) -> None:
        if message._exception is not None:
            self.errors.append(message._exception)


class _RawQueue:
    """Emulates `broker.queues[name].put(payload)` and `.get()` of the StubBroker."""

    def __init__(self, broker: Substitute, name: str) -> None:
        self._broker = broker
        self._name = name

    def put(self, payload: bytes) -> None:
        async def publish() -> None:
            parts = self._broker._open()
            names = self._broker._names(self._name)
            await parts.streams.box(names)
            await (await self._broker.client()).jetstream().publish(names.new(0), payload)

        self._broker.run(publish())

    def qsize(self) -> int:
        mailbox = self._broker.mailbox(self._name)
        return mailbox.messages + mailbox.due - mailbox.in_flight

    def get(self, timeout: float) -> bytes:
        consumer = self._broker.consume(self._name, timeout=int(timeout * 1000))
        try:
            message = next(consumer)
            if message is None:
                raise TimeoutError(self._name)
            consumer.ack(message)
            payload: bytes = message.encode()
            return payload
        finally:
            consumer.close()


class _Queues(set[str]):
    def __init__(self, broker: Substitute) -> None:
        super().__init__()
        self._broker = broker

    def __getitem__(self, name: str) -> _RawQueue:
        return _RawQueue(self._broker, name)


class Substitute(NatsBroker):
    """Replaces StubBroker, RedisBroker and RabbitmqBroker."""

    def __init__(
        self,
        *_: Any,
        namespace: str = NAMESPACE,
        middleware: list[Middleware] | None = None,
        max_priority: int | None = None,
        **__: Any,
    ) -> None:
        super().__init__(
            URL, namespace=namespace, ack_wait=5, max_priority=max_priority, middleware=middleware, timeout=5
        )
        self.queues = _Queues(self)
        self._failures = _Failures()

    def watch_failures(self) -> None:
        """Makes `join(fail_fast=True)` raise failures from now on."""
        self.add_middleware(self._failures)

    def join(
        self,
        queue_name: str,
        *,
        timeout: int | None = None,
        fail_fast: bool = True,
        min_successes: int = 0,  # noqa: ARG002
    ) -> None:
        super().join(queue_name, timeout=timeout)
        errors, self._failures.errors = self._failures.errors, []
        if fail_fast and errors:
            raise errors[0]

    @property
    def dead_letters(self) -> list[Message[Any]]:
        """Returns the dead letters of all queues in the form of the StubBroker."""
        letters = [letter for queue in sorted(self.queues) for letter in self.get_dead_letters(queue)]
        return [letter.message for letter in letters if letter.message is not None]


def install() -> None:
    """Installs replacement modules of the other brokers, so that tests importing them get NatsBroker without any
    client library."""
    substitutes: dict[str, dict[str, Any]] = {
        "redis": {"Redis": object},
        "pika": {},
        "pika.exceptions": {"AMQPConnectionError": ConnectionError, "ChannelClosedByBroker": ConnectionError},
        "dramatiq.brokers.redis": {"RedisBroker": Substitute, "MAINTENANCE_SCALE": 0},
        "dramatiq.brokers.rabbitmq": {
            "RabbitmqBroker": Substitute,
            "MAX_DECLARE_ATTEMPTS": 0,
            "_IgnoreScaryLogs": object,
        },
    }
    for name, attributes in substitutes.items():
        module = types.ModuleType(name)
        vars(module).update(attributes)
        sys.modules[name] = module
        if "." in name:
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, module)
