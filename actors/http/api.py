"""The endpoints of the API. Each sends a NATS request and passes the reply on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.http import predecessor_fields, requests
from actors.http.caller import Caller, caller_of
from actors.http.live_overview import LiveOverview
from actors.http.nats_client import NatsClient
from actors.http.responses import Refused, TimedOut, answer
from actors.http.sse import Message, StreamItem, Streams, gone
from actors.http.stored_keys import StoredKeys
from actors.messages import ALL
from actors.runtime.action_log import ActionLog
from engine.action import Source, Verb
from engine.api_key import Right
from engine.errors import Unavailable, UnknownSync
from engine.events import Event
from engine.failure import FATAL_FOR_SYNC

log = structlog.get_logger(__name__)

PATH = "/api/idexx/schedule-sync"
_MOUNTED = PATH.removeprefix("/api")

#: The status code for how a sync has ended.
_CODES = {Event.COMPLETED: 200, Event.FAILED: 500, Event.CANCELLED: 409, Event.TIMED_OUT: 408}


class Api:
    """The API. `wait` is how long a caller waits for the end of a sync at most, in seconds; `after_today`: days ahead
    are counted from tomorrow on, as the replaced service did."""

    def __init__(
        self,
        nats_client: NatsClient,
        wait: float,
        stored_keys: StoredKeys,
        action_log: ActionLog,
        *,
        after_today: bool = False,
    ) -> None:
        self._nats_client = nats_client
        self._stored_keys = stored_keys
        self._wait = wait
        self._action_log = action_log
        self._after_today = after_today
        self._live_overview = LiveOverview(nats_client)
        self._streams = Streams()

    def routes(self) -> list[Route]:
        return [
            Route(_MOUNTED, self.sync, methods=["POST"]),
            Route(f"{_MOUNTED}/status", self.status, methods=["GET"]),
            Route(f"{_MOUNTED}/{{sync_id}}/events", self.events, methods=["GET"]),
            Route("/idexx/overview", self.overview, methods=["GET"]),
            Route("/idexx/live", self.live, methods=["GET"]),
            Route("/idexx/free", self.free, methods=["GET"]),
            Route("/idexx/why", self.why, methods=["GET"]),
        ]

    def close(self) -> None:
        """Ends all waiting requests with a 503; their syncs continue."""
        self._streams.closing.set()

    async def sync(self, request: Request) -> Response:
        caller_of(request).require(Right.SYNC)
        body = await requests.sync_body(request)
        caller_of(request).require_clinic(body.clinic_id)
        command = body.command(after_today=self._after_today)
        who = caller_of(request).name
        async with self._action_log.recorded(Source.HTTP, who, body.clinic_id, Verb.SYNC) as recorded:
            accepted = await self._nats_client.ask("sync", body.clinic_id, command)
            recorded.replied(accepted)
        sync_id, slug = accepted["sync_id"], accepted["events"].split(".")[3]
        log.info("http_sync", clinic=slug, sync_id=sync_id)
        if "respond-async" in request.headers.get("prefer", "").lower():
            location = f"{PATH}/status?{urlencode({'clinicId': slug, 'syncId': sync_id})}"
            return answer(accepted, 202, {"Location": location, "Preference-Applied": "respond-async"})
        # The reply of an older gateway lacks `is_new`.
        return await self._await_end(request, slug, sync_id, may_cancel=accepted.get("is_new", False))

    async def status(self, request: Request) -> Response:
        clinic = requests.clinic_id(request)
        sync_id = request.query_params.get("syncId")
        query = {} if sync_id is None else {"sync_id": requests.sync_id(sync_id)}
        reply = await self._nats_client.ask("status", clinic, query)
        last = await self._last_completed(reply)
        return answer({**reply, **predecessor_fields.status(reply, last, datetime.now(UTC))})

    async def events(self, request: Request) -> Response:
        sync_id, after = requests.sync_id(request.path_params["sync_id"]), requests.after_seq(request)
        clinic = await self._clinic(request, sync_id)
        known = await self._nats_client.ask("events", clinic, {"sync_id": sync_id, "after_seq": after})
        if not known["events"] and known["status"] in _CODES:
            return Response(status_code=204)  # all events were sent: to a browser this means not to reconnect
        return self._stream(request, _numbered(self._nats_client.follow(clinic, sync_id, after)))

    async def overview(self, request: Request) -> Response:
        return answer(await self._nats_client.ask("overview", caller_of(request).clinic or ALL, {}))

    async def live(self, request: Request) -> Response:
        return self._stream(request, self._live_overview.follow(caller_of(request).clinic))

    async def free(self, request: Request) -> Response:
        clinic = requests.clinic_id(request)
        return answer(await self._nats_client.ask("free", clinic, requests.free_query(request)))

    async def why(self, request: Request) -> Response:
        clinic = requests.clinic_id(request)
        return answer(await self._nats_client.ask("why", clinic, requests.why_query(request)))

    def _stream(self, request: Request, messages: AsyncGenerator[StreamItem]) -> Response:
        return self._streams.answer(self._while_admitted(caller_of(request), messages))

    async def _while_admitted(
        self, caller: Caller, messages: AsyncGenerator[StreamItem]
    ) -> AsyncGenerator[StreamItem]:
        """The messages, until the caller's key is expired or revoked, or the keys cannot be read."""
        async with aclosing(messages):
            async for message in messages:
                if caller.key_hash is not None and not await self._stored_keys.is_valid(caller.key_hash):
                    return
                yield message

    async def _clinic(self, request: Request, sync_id: str) -> str:
        """The slug of the sync's clinic. Raises `UnknownSync` if neither the caller nor the stream names it."""
        if "clinicId" in request.query_params:
            return requests.clinic_id(request)
        if (own := caller_of(request).clinic) is not None:
            return own
        slug = await self._nats_client.clinic_of(sync_id)
        if slug is None:
            raise UnknownSync(
                f"sync {sync_id} is not among the syncs of the last days; for an older one add clinicId"
            )
        return slug

    async def _await_end(self, request: Request, clinic: str, sync_id: str, *, may_cancel: bool) -> Response:
        """Responds at the sync's end, or when the caller disconnects, the gateway closes or `wait` is over.

        If the caller disconnects or `wait` is over, the sync is cancelled, provided that this request started it.
        """
        ended = asyncio.create_task(self._nats_client.last_event(clinic, sync_id))
        left, closing = (
            asyncio.create_task(gone(request.receive)),
            asyncio.create_task(self._streams.closing.wait()),
        )
        tasks: list[asyncio.Task[Any]] = [ended, left, closing]
        try:
            await asyncio.wait(tasks, timeout=self._wait, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return _ending(ended.result(), await self._status_of(clinic, sync_id))
            if closing.done():
                raise Unavailable(f"this gateway is shutting down; sync {sync_id} continues", retry_after_ms=1000)
            log.info("http_sync_cancelled", clinic=clinic, sync_id=sync_id, caller_left=left.done())
            if not may_cancel:
                raise TimedOut(
                    f"sync {sync_id}, which another request started, did not end within {self._wait:g} s"
                )
            await self._cancel(caller_of(request), clinic, sync_id)
            raise TimedOut(f"sync {sync_id} did not end within {self._wait:g} s and is cancelled")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _status_of(self, clinic: str, sync_id: str) -> dict[str, Any] | None:
        """The reply to `status`; None while no gateway replies: the end of the sync counts, not what comes with it."""
        try:
            return await self._nats_client.ask("status", clinic, {"sync_id": sync_id})
        except (Refused, Unavailable) as error:
            log.warning("http_status_missing", clinic=clinic, sync_id=sync_id, error=str(error))
            return None

    async def _last_completed(self, reply: dict[str, Any]) -> dict[str, Any] | None:
        """The last completed sync of the clinic of a reply; None: it has none."""
        sync_id = reply["clinic"]["last_completed_sync"]
        if sync_id is None or (reply["sync"] and reply["sync"]["sync_id"] == sync_id):
            return reply["sync"] if sync_id else None
        found = await self._nats_client.ask("status", reply["clinic"]["slug"], {"sync_id": sync_id})
        sync: dict[str, Any] = found["sync"]
        return sync

    async def _cancel(self, caller: Caller, clinic: str, sync_id: str) -> None:
        about = {"sync_id": UUID(sync_id)}
        try:
            async with self._action_log.recorded(
                Source.HTTP, caller.name, clinic, Verb.CANCEL, **about
            ) as recorded:
                await self._nats_client.ask("cancel", clinic, {"sync_id": sync_id}, action=recorded.id)
        except (Refused, Unavailable) as error:
            log.warning("http_cancel_failed", clinic=clinic, sync_id=sync_id, error=str(error))


async def _numbered(events: AsyncGenerator[dict[str, Any] | None]) -> AsyncGenerator[StreamItem]:
    """The events with their numbers, by which a reader that reconnects continues."""
    async with aclosing(events):
        async for event in events:
            yield None if event is None else Message(event["event"], event, event["seq"])


def _ending(event: dict[str, Any], status: dict[str, Any] | None) -> Response:
    """The last event, with the status code for how the sync has ended."""
    name, body = Event(event["event"]), {**event, **predecessor_fields.ended(event, status, datetime.now(UTC))}
    if name is Event.COMPLETED:
        return answer({"ok": True, **body})
    code, reason = _CODES[name], name.value
    if name is Event.FAILED:
        reason = next((error["reason"] for error in event["errors"]), reason)
        code = 401 if reason in FATAL_FOR_SYNC else code
    error = {"code": code, "reason": reason, "message": event.get("message") or f"the sync has ended: {name}"}
    return answer({"ok": False, "error": error, **body}, code)
