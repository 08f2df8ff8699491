"""A worker process: its runtime, and the resources of its actors, opened when Dramatiq boots it.

This module does not depend on the actors. Each actor module has a function `declare(worker)`, which declares its
actor on `worker.broker` and registers two things here: how to open and close the actor's resource (`resource`),
and the handler of its dead-lettered messages (`on_dead_message`). A worker opens the resources of the queues that
it was booted for, and no others; so only a DateScraper imports Playwright and starts a browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Generic, TypeAlias, TypeVar

import structlog
from dramatiq import Broker, MessageProxy, Worker
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import CurrentMessage, Middleware

from actors.dispatcher import Dispatcher
from actors.metrics import Metrics
from actors.observability import tracing
from actors.runtime.presence import announce
from actors.runtime.process import Runtime
from actors.settings import Settings
from broker import LoopActors, NatsBroker
from engine.errors import ExpectedError

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Opens an actor's resource, and closes it after the body.
Opener: TypeAlias = Callable[[Runtime], AbstractAsyncContextManager[T]]

#: Handles a message that was dead-lettered; runs on the broker's loop.
DeadMessageHandler: TypeAlias = Callable[[MessageProxy], Awaitable[None]]

#: The exit status of a worker that cannot be opened: the command line's "NATS or database unreachable".
CANNOT_START = 6


class Resource(Generic[T]):
    """The resource of one queue's actor, open while a worker runs that was booted for this queue."""

    def __init__(self, queue: str, opener: Opener[T]) -> None:
        self.queue = queue
        self._opener = opener
        self._opened: T | None = None

    def get(self) -> T:
        """The open resource. Raises `RuntimeError` if it is not open."""
        if self._opened is None:
            raise RuntimeError(f"this worker was not started for the queue {self.queue!r}")
        return self._opened

    async def open_on(self, opened: AsyncExitStack, process: Runtime) -> None:
        """Opens the resource, to be closed with `opened`."""
        self._opened = await opened.enter_async_context(self._opener(process))


class WorkerRuntime(Middleware):
    """Opens the process before its worker takes messages, and closes it after the last one."""

    def __init__(self, settings: Settings, broker: NatsBroker) -> None:
        self.settings = settings
        self.broker = broker
        broker.add_middleware(LoopActors(broker))
        if tracing.is_on():
            broker.add_middleware(CurrentMessage())  # spans name the message
        self._metrics = Metrics.of_machine(settings)
        self.dispatcher = Dispatcher(broker, self._metrics.count_mailbox_rejection)
        self._process: Runtime | None = None
        self._resources: list[Resource[Any]] = []
        self._dead_message_handlers: dict[str, DeadMessageHandler] = {}
        #: Closes what is open, in reverse order.
        self._opened = AsyncExitStack()

    @property
    def process(self) -> Runtime:
        if self._process is None:
            raise RuntimeError("no worker has been started in this process")
        return self._process

    def resource(self, queue: str, opener: Opener[T]) -> Resource[T]:
        """Registers the resource of the actor of `queue`."""
        resource = Resource(queue, opener)
        self._resources.append(resource)
        return resource

    def on_dead_message(self, actor: str, handler: DeadMessageHandler) -> None:
        """Registers the handler of the dead-lettered messages of `actor`."""
        self._dead_message_handlers[actor] = handler

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Exits if the worker cannot be opened, so its supervisor tries again.

        Dramatiq would log the error and continue with actors that lack their resources.
        """
        try:
            self.broker.run(self._open(worker.consumer_whitelist or broker.get_declared_queues()))
        except Exception as error:
            expected = isinstance(error, ExpectedError | BrokerConnectionError)
            log.critical("worker_cannot_start", error=str(error), exc_info=not expected)
            raise SystemExit(CANNOT_START) from None

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self.process.not_ready.discard("consumer")
        log.info("worker_ready", queues=sorted(worker.consumer_whitelist or broker.get_declared_queues()))

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.process.not_ready.add("consumer")

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.broker.run(self._opened.aclose())

    def after_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Runs the handler of a dead-lettered message, if its actor has registered one."""
        if (handler := self._dead_message_handlers.get(message.actor_name)) is not None:
            self.broker.run(_handle(handler, message))

    async def _open(self, queues: Collection[str]) -> None:
        """Opens what these queues need. If a part cannot be opened, those before it are closed."""
        async with AsyncExitStack() as opened:
            process = self._process = Runtime(self.settings, self.broker, self._metrics, "+".join(sorted(queues)))
            opened.push_async_callback(process.close)
            await process.open()
            await self._open_listener(opened, process)
            for resource in self._resources:
                if resource.queue in queues:
                    await resource.open_on(opened, process)
            # Last: what responds to a ping can work.
            await announce(await self.broker.client(), process.subjects.prefix, process.name, queues)
            self._opened = opened.pop_all()

    async def _open_listener(self, opened: AsyncExitStack, process: Runtime) -> None:
        if self.settings.worker_http_port is not None:
            # Only a worker with `WORKER_HTTP_PORT` needs a web server.
            from actors.http.listener import Listener

            listener = Listener.of_worker(process, self.settings.worker_http_port)
            opened.push_async_callback(listener.close)
            await listener.open()


async def _handle(handler: DeadMessageHandler, message: MessageProxy) -> None:
    await handler(message)
