"""Sends requests to the gateway."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from actors.messages import ALL, Subjects, encode
from actors.observability import tracing
from engine.clinic import check_slug
from ops.client.errors import CommandFailed, Refused
from ops.client.exit_status import Exit

#: Seconds to wait for the gateway's reply.
REPLY_TIMEOUT = 15.0


async def ask(client: Client, subjects: Subjects, verb: str, clinic: str, **body: Any) -> dict[str, Any]:
    """Returns the reply. Raises `Refused`, `BadRequest` for an invalid slug, or `CommandFailed` if no gateway
    responds."""
    if clinic != ALL:
        check_slug(clinic)  # an invalid slug would make a different or invalid subject
    payload = encode({name: value for name, value in body.items() if value is not None})
    try:
        with tracing.span(f"request {verb}", None, {"clinic": clinic}):
            message = await client.request(
                subjects.command(verb, clinic), payload, timeout=REPLY_TIMEOUT, headers=tracing.carried() or None
            )
    except NoRespondersError:
        raise no_gateway("no gateway is connected to this NATS") from None
    except NatsTimeoutError:
        if "permissions violation" in str(client.last_error).lower():
            raise CommandFailed(
                f"this NATS user has no permission to request {verb} of {clinic}", hint="SECURITY.md"
            ) from None
        raise no_gateway(f"the gateway did not reply within {REPLY_TIMEOUT:g} s") from None
    reply: dict[str, Any] = json.loads(message.data)
    if not reply.get("ok"):
        error = reply["error"]
        raise Refused(error["code"], error["reason"], error["message"], error.get("retry_after_ms"))
    return reply


async def find_over_nats(client: Client, subjects: Subjects, sync_id: UUID | str) -> dict[str, Any]:
    """Returns a stored sync, for any clinic."""
    sync: dict[str, Any] = (await ask(client, subjects, "status", ALL, sync_id=sync_id))["sync"]
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
