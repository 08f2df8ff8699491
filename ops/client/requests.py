"""Sends requests to the gateway."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import (
    ConnectionClosedError,
    ConnectionReconnectingError,
    NoRespondersError,
    NoServersError,
    OutboundBufferLimitError,
    StaleConnectionError,
)
from nats.errors import TimeoutError as NatsTimeoutError

from actors.messages import ALL, USER_HEADER, Subjects, encode
from actors.observability import tracing
from actors.observability.span_names import sending
from engine.clinic import SLUG, check_slug
from engine.errors import UnknownClinic, UnknownSync
from engine.sync_reference import id_range, no_such_sync
from ops.client.errors import CommandFailed, Refused
from ops.client.exit_status import Exit
from ops.client.no_permission import no_permission, user_of
from ops.client.user_name import user_name

#: Seconds to wait for the gateway's reply.
REPLY_TIMEOUT = 15.0

#: Seconds between two looks at whether the server has refused the request: it replies to no such request.
LOOK = 0.1

_DISCONNECTED = (
    *(ConnectionClosedError, ConnectionReconnectingError, NoServersError, OutboundBufferLimitError),
    *(StaleConnectionError, OSError),
)


async def ask(client: Client, subjects: Subjects, verb: str, clinic: str, **body: Any) -> dict[str, Any]:
    """Returns the reply. Raises `Refused`, `BadRequest` for an invalid slug, or `CommandFailed` if no gateway
    responds or the NATS user lacks the permission."""
    if clinic != ALL:
        check_slug(clinic)  # an invalid slug would make a different or invalid subject
    payload = encode({name: value for name, value in body.items() if value is not None})
    try:
        subject, template = subjects.command(verb, clinic), subjects.command_template(verb)
        with sending(subject, {"clinic": clinic}, template=template):
            message = await _request(client, subject, payload)
    except PermissionError:
        raise no_permission(user_of(client), verb, clinic) from None
    except NoRespondersError:
        raise no_gateway("no gateway is connected to this NATS") from None
    except NatsTimeoutError:
        raise no_gateway(f"the gateway did not reply within {REPLY_TIMEOUT:g} s") from None
    except _DISCONNECTED as lost:
        raise no_gateway(f"NATS does not respond ({str(lost) or type(lost).__name__})") from None
    reply: dict[str, Any] = json.loads(message.data)
    if not reply.get("ok"):
        error = reply["error"]
        raise Refused(error["code"], error["reason"], error["message"], error.get("retry_after_ms"), clinic=clinic)
    return reply


async def _request(client: Client, subject: str, payload: bytes) -> Msg:
    """Returns the reply. Raises `PermissionError` as soon as the server refuses the request, and
    `ConnectionReconnectingError` as soon as the connection is lost: then no reply can come."""
    before = client.last_error
    headers = tracing.carried() | {USER_HEADER: user_name()}
    request = asyncio.create_task(client.request(subject, payload, timeout=REPLY_TIMEOUT, headers=headers))
    try:
        while not (await asyncio.wait({request}, timeout=LOOK))[0]:
            error = client.last_error
            if error is not before and _is_refused(str(error).lower(), subject):
                raise PermissionError(subject)
            if not client.is_connected:
                raise ConnectionReconnectingError
        return request.result()
    finally:
        if not request.done():
            request.cancel()
            with suppress(asyncio.CancelledError):
                await request


def _is_refused(error: str, subject: str) -> bool:
    """The server names the subject of the request, or that of its replies."""
    return "permissions violation" in error and (subject.lower() in error or "_inbox" in error)


async def find_over_nats(client: Client, subjects: Subjects, text: str, clinic: str = ALL) -> dict[str, Any]:
    """Returns the stored sync that a person names: by its id, by the start of it, or by a clinic's slug, which means
    the clinic's latest sync. With `clinic`, only that clinic's syncs are looked at."""
    ids = id_range(text)
    is_full = ids is not None and ids[0] == ids[1]
    if clinic == ALL and not is_full and SLUG.fullmatch(text) and await is_clinic(client, subjects, text):
        return await latest_over_nats(client, subjects, text)
    if ids is None:
        raise Refused(UnknownSync.code, UnknownSync.reason, no_such_sync(text))
    named = {"sync_id": ids[0]} if is_full else {"id_start": text.strip()}
    try:
        sync: dict[str, Any] = (await ask(client, subjects, "status", clinic, **named))["sync"]
    except Refused as refusal:
        if refusal.reason != UnknownSync.reason:
            raise
        raise Refused(refusal.code, refusal.reason, no_such_sync(text)) from None
    return sync


async def is_clinic(client: Client, subjects: Subjects, slug: str) -> bool:
    try:
        await ask(client, subjects, "status", slug)
    except Refused as refusal:
        if refusal.reason != UnknownClinic.reason:
            raise
        return False
    return True


async def latest_over_nats(client: Client, subjects: Subjects, clinic: str) -> dict[str, Any]:
    """Returns the clinic's latest sync. Raises `CommandFailed` if it never had one."""
    sync: dict[str, Any] | None = (await ask(client, subjects, "status", clinic))["sync"]
    if sync is None:
        raise CommandFailed(
            f"clinic {clinic!r} has no sync yet", status=Exit.USAGE, hint=f"idexx-sync sync {clinic}"
        )
    return sync


async def plan_of(client: Client, subjects: Subjects, clinic: str, sync_id: UUID | str) -> list[dict[str, Any]]:
    """Returns the complete plan of a dry run that has ended."""
    plan: list[dict[str, Any]] = []
    while True:
        page = await ask(client, subjects, "plan", clinic, sync_id=sync_id, after=len(plan))
        plan += page["plan"]
        if len(plan) >= page["total"]:
            return plan


def no_gateway(what: str) -> CommandFailed:
    return CommandFailed(what, status=Exit.UNREACHABLE, hint="idexx-sync up, or idexx-sync gateway")
