"""The commands `clinic webhook test|log|redeliver`: show deliveries, and trigger one immediately."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter, validators

from actors.settings import Settings
from engine.store.clinics import find_clinic
from engine.store.webhooks import deliveries as store
from engine.store.webhooks import get_webhook
from engine.webhook import DeliveryState
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import ago, table

Slug = Annotated[str, Parameter(help="The clinic's slug.")]

#: How often the outcome of a delivery is checked, and how long to wait for it beyond the receiver's timeout, for
#: the gateways' sweep and the mailbox. Seconds.
LOOK_INTERVAL, LOOK_LONGER = 0.1, 20.0

_COLOURS = {DeliveryState.DELIVERED: "green", DeliveryState.PENDING: "yellow", DeliveryState.FAILED: "red"}


def try_(clinic: Slug, *, json: Json = False) -> int:
    """Send a test delivery, `sync.test`, like a real one, and print the receiver's response.

    Example: `idexx-sync clinic webhook test cedar-creek`
    """

    async def record(connection: Any) -> UUID:
        found = await find_clinic(connection, clinic)
        webhook = await get_webhook(connection, found)
        if webhook.paused_at is not None:
            raise CommandFailed(
                f"the webhook of {clinic} is paused ({webhook.pause_reason})",
                status=Exit.USAGE,
                hint=f"idexx-sync clinic webhook resume {clinic}",
            )
        return await store.record_test(connection, found.id)

    return _print_outcome(_make(settings_here(), record), json)


def redeliver(
    delivery: Annotated[UUID, Parameter(help="The delivery's id, as `clinic webhook log CLINIC` shows it.")],
    *,
    json: Json = False,
) -> int:
    """Repeat a delivery now, with the same id and body, and print the receiver's response.

    Example: `idexx-sync clinic webhook redeliver 3f0e6b7c-52a1-4a57-9d52-5b8f3a1e77c0`
    """

    async def again(connection: Any) -> UUID:
        found = await store.get_delivery(connection, delivery)
        await get_webhook(connection, await find_clinic(connection, found["clinic"]))
        await store.redeliver(connection, delivery)
        return delivery

    return _print_outcome(_make(settings_here(), again), json)


def log(
    clinic: Slug,
    *,
    limit: Annotated[
        int, Parameter(help="Number of deliveries, latest first.", validator=validators.Number(gte=1))
    ] = 20,
    json: Json = False,
) -> None:
    """List deliveries: time, event, attempts and result. Kept for 30 days.

    Example: `idexx-sync clinic webhook log cedar-creek --limit 50`
    """
    found = asyncio.run(_read(settings_here(), clinic, limit))
    if json:
        for one in found:
            answer(one)
        return
    now = datetime.now(UTC)
    shown = table("delivery", "recorded", "event", "state", "tries", "answer", "next try", right=("tries",))
    for one in found:
        state = f"[{_COLOURS[one['state']]}]{one['state']}[/]"
        due = one["next_attempt_at"]
        shown.add_row(
            *(str(one["id"]), ago(one["created_at"], now), one["event"], state),
            *(str(one["attempts"]), _answer(one), f"{due:%d %b %H:%M:%S} UTC" if due else ""),
        )
    console().print(shown if found else "no deliveries in the last 30 days")


async def _read(settings: Settings, slug: str, limit: int) -> list[dict[str, Any]]:
    async with open_database(database_url(settings)) as connection:
        return await store.list_deliveries(connection, (await find_clinic(connection, slug)).id, limit)


def _make(settings: Settings, begin: Callable[[Any], Awaitable[UUID]]) -> dict[str, Any]:
    """Returns the delivery after the attempt that `begin` has requested; the notifier makes it like all others."""

    async def run() -> dict[str, Any]:
        async with open_database(database_url(settings)) as connection:
            delivery_id = await begin(connection)
            try:
                async with asyncio.timeout(settings.webhook_timeout_ms / 1000 + LOOK_LONGER):
                    while True:
                        found = await store.get_delivery(connection, delivery_id)
                        if found["state"] != DeliveryState.PENDING or found["reason"] is not None:
                            return found
                        await asyncio.sleep(LOOK_INTERVAL)
            except TimeoutError:
                raise CommandFailed(
                    f"delivery {delivery_id} was not attempted yet: no gateway or no notifier is running",
                    hint="idexx-sync up, or idexx-sync worker notifier",
                ) from None

    return asyncio.run(run())


def _print_outcome(found: dict[str, Any], json: bool) -> int:
    is_delivered = found["state"] == DeliveryState.DELIVERED
    if json:
        answer({"ok": is_delivered, **found})
    elif is_delivered:
        say(f"delivered to {found['url']}: {_answer(found)}")
    else:
        raise CommandFailed(
            f"not delivered to {found['url']}: {_answer(found)}",
            hint=f"idexx-sync clinic webhook log {found['clinic']}",
        )
    return Exit.OK if is_delivered else Exit.FAILED


def _answer(one: dict[str, Any]) -> str:
    """Returns the receiver's response, or why there is none."""
    parts = [str(one["status"] or ""), _WORDS.get(one["reason"] or "", one["reason"] or "")]
    parts += [f"in {one['duration_ms']} ms"] if one["duration_ms"] else []
    return " ".join(filter(None, parts))


_WORDS = {
    "timeout": "no response in time",
    "unknown_host": "unknown host",
    "no_connection": "no connection",
    "tls_failed": "TLS failed, or its certificate is not valid",
    "address_not_allowed": "its host is not on the public internet (WEBHOOK_PRIVATE_NETWORKS)",
    "bad_answer": "the response is not HTTP",
    "redirect": "redirects are not followed",
    "http_status": "",
    "gone": "gone (410)",
    "key_missing": "ENCRYPTION_KEY does not decrypt its secret",
    "worker_lost": "the notifier crashed at each attempt",
    "too_old": "expired",
    "webhook_removed": "the webhook was removed",
}
