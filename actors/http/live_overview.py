"""The live overview: sends its readers the whole state first, then every change.

All readers share one task. While there are readers, it requests the overview every `LOOK_EVERY` seconds, with the
dates of each running sync; an event of a sync makes it request that sync at once. Events only trigger requests and
carry no state: a lost one delays a change until the next request, and all readers see the same. Without readers it
requests nothing.

A reader gets the difference to what it got before, however long that took: a slow one gets fewer and larger
changes, and nothing accumulates. So there is no `Last-Event-ID`: a reader that reconnects starts with the whole
state.

    state    everything: {"at": …, "clinics": […], "syncs": […], "mailboxes": […], "budget": …, …}
    change   the same, with differences only; `gone` names the clinics and syncs that are no longer included
    away     no gateway responds, and why; the reader's state grows old in the meantime

A change comes with every request, if only with the time (`at`, the database's): it serves as a heartbeat.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Iterable
from typing import Any

from actors.http.nats_client import NatsClient
from actors.http.responses import Refused
from actors.http.sse import Message
from actors.http.state_diff import NOTHING, Parts, difference, of_clinic, parts_of
from actors.messages import ALL, refusal
from engine.errors import EngineError, Unavailable
from engine.sync import SyncStatus
from engine.task_group import task_group

#: Interval between requests of everything, in seconds; and the time limit of their replies together.
LOOK_EVERY, ANSWER_WITHIN = 2.0, 4.0
#: How long events are collected before a request, in seconds.
CALM = 0.2
#: Number of syncs that are requested at once.
ASKED_AT_ONCE = 8


class LiveOverview:
    """The overview that all readers share. Call `follow` on the loop, any number of times at once."""

    def __init__(self, nats_client: NatsClient) -> None:
        self._nats_client = nats_client
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self._parts: Parts = NOTHING
        self._trouble: dict[str, Any] | None = None
        self._news = asyncio.Event()
        #: The events since the last request: the syncs with their clinics, whether it is time to request
        #: everything, and whether there are any.
        self._stirred: dict[str, str] = {}
        self._is_due = False
        self._stir = asyncio.Event()

    async def follow(self, clinic: str | None = None) -> AsyncGenerator[Message | None]:
        """The messages for one reader, without an end. `clinic`: the only one that they are about."""
        task, sent = self._begin(), NOTHING
        try:
            while True:
                news, parts = self._news, self._parts if clinic is None else of_clinic(self._parts, clinic)
                if self._trouble is not None:
                    yield Message("away", self._trouble)
                elif parts is not sent:
                    yield Message("change" if sent else "state", difference(sent, parts))
                    sent = parts
                await news.wait()
                if task.done():
                    task.result()
        finally:
            await self._end()

    def _begin(self) -> asyncio.Task[None]:
        self._readers += 1
        if self._task is None or self._task.done():
            self._parts, self._trouble = NOTHING, None
            self._task = asyncio.create_task(self._look_on())
            self._task.add_done_callback(lambda _: self._wake_readers())
        return self._task

    async def _end(self) -> None:
        self._readers -= 1
        if not self._readers and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.wait({task})

    def _wake_readers(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _look_on(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            while True:
                next_look = asyncio.get_running_loop().time() + LOOK_EVERY
                self._forget_stirs()
                await self._take_in(self._look_at_all())
                while await self._stirs_before(next_look):
                    stirred = self._forget_stirs()
                    await self._take_in(self._look_at(stirred))

    async def _hear(self) -> None:
        """Collects events. One about a date triggers a request of that sync, any other a request of everything."""
        while True:
            with contextlib.suppress(Unavailable):
                async for event in self._nats_client.events_of_all():
                    self._stirred[event["sync_id"]] = event["clinic"]
                    self._is_due |= "date" not in event
                    self._stir.set()
            await asyncio.sleep(LOOK_EVERY)

    async def _stirs_before(self, end: float) -> bool:
        """Waits for events. False when it is time to request everything."""
        if asyncio.get_running_loop().time() >= end:
            return False
        try:
            async with asyncio.timeout_at(end):
                await self._stir.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(CALM)
        return not self._is_due

    def _forget_stirs(self) -> dict[str, str]:
        stirred, self._stirred, self._is_due = self._stirred, {}, False
        self._stir.clear()
        return stirred

    async def _take_in(self, look: Coroutine[Any, Any, Parts]) -> None:
        """Stores the result of a request, or its error."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                self._parts, self._trouble = await look, None
        except TimeoutError:
            self._trouble = refusal(Unavailable(f"no reply on NATS within {ANSWER_WITHIN:g} s"))["error"]
        except Refused as refused:
            self._trouble = refused.body["error"]
        except EngineError as error:
            self._trouble = refusal(error)["error"]
        self._wake_readers()

    async def _look_at_all(self) -> Parts:
        overview = await self._nats_client.ask("overview", ALL, {})
        running = [sync for sync in overview["syncs"] if sync["status"] == SyncStatus.IN_PROGRESS]
        dated = await self._with_dates((sync["sync_id"], sync["clinic"]) for sync in running)
        overview["syncs"] = [dated.get(sync["sync_id"], sync) for sync in overview["syncs"]]
        return parts_of(overview, self._parts)

    async def _look_at(self, stirred: dict[str, str]) -> Parts:
        dated = await self._with_dates(stirred.items())
        return {**self._parts, **{("syncs", sync_id): sync for sync_id, sync in dated.items()}}

    async def _with_dates(self, syncs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """These syncs with their dates, without those that are no longer known."""
        at_once = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(sync_id: str, clinic: str) -> Any:
            async with at_once:
                with contextlib.suppress(Refused):
                    return (await self._nats_client.ask("status", clinic, {"sync_id": sync_id}))["sync"]
            return None

        async with task_group() as group:
            asked = [group.create_task(ask(*sync)) for sync in syncs]
        found = [sync.result() for sync in asked]
        return {sync["sync_id"]: sync for sync in found if sync is not None}
