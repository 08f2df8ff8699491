"""The commands `clinic webhook …`: manage the webhook that is called when a clinic's syncs end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter

from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.clinic import Clinic
from engine.store import webhooks as store
from engine.store.clinics import find_clinic
from engine.store.syncs.reading import database_time
from engine.store.webhooks.notices import send_attention
from engine.webhook import Secrets, Webhook
from ops.cli.confirm import Yes, confirm
from ops.cli.webhook_log import log, redeliver, try_
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, say

T = TypeVar("T")

webhook = App(name="webhook", help="POST a signed webhook when a clinic's sync ends.")

Slug = Annotated[str, Parameter(help="The clinic's slug.")]
Url = Annotated[str, Parameter(help="A URL that accepts a POST, such as https://example.com/hooks/idexx.")]

webhook.command(log)
webhook.command(redeliver)
webhook.command(try_, name="test")

WithAttention = Annotated[
    bool,
    Parameter(negative=(), show_default=False, help="Also send what needs a person in the clinic, and its end."),
]

#: The stored reason for a webhook paused by a user.
BY_REQUEST = "by request"


@webhook.command(name="set")
def set_(clinic: Slug, url: Url, *, attention: WithAttention = False, json: Json = False) -> None:
    """Set a clinic's webhook, or change its URL, and print the signing secret, which is not shown again.

    The same URL keeps its secret; another URL gets a new one.

    Example: `idexx-sync clinic webhook set cedar-creek https://example.com/hooks/idexx`
    """
    settings = settings_here()
    settings.webhook_reach.check_url(url)
    vault = open_vault(settings)

    async def run(connection: Any, found: Clinic) -> str | None:
        before = await store.find_webhook(connection, found)
        if before is not None and before.url == url:
            await send_attention(connection, found.id, attention or before.sends_attention)
            return None
        secrets = Secrets.fresh()
        await store.set_webhook(connection, vault, found, url, secrets)
        await send_attention(connection, found.id, attention)
        return secrets.current

    secret = _with_clinic(settings, clinic, run)
    if json:
        answer({"ok": True, "clinic": clinic, "url": url, "secret": secret})
    elif secret is None:
        say(f"{clinic} already has this webhook; for a new secret: idexx-sync clinic webhook rotate {clinic}")
    else:
        say("the signing secret, which is not shown again; set it at the receiver:")
        print(secret)
        say(f"next: idexx-sync clinic webhook test {clinic}")


@webhook.command
def rotate(clinic: Slug, *, json: Json = False) -> None:
    """Create a new secret and print it, once. For a day, both secrets sign, so that the receiver can switch.

    Example: `idexx-sync clinic webhook rotate cedar-creek`
    """
    settings = settings_here()
    vault = open_vault(settings)

    async def run(connection: Any, found: Clinic) -> Secrets:
        async with connection.transaction():
            await store.get_webhook(connection, found)
            secrets = await store.get_secrets(connection, vault, found.id)
            assert secrets is not None  # it has a webhook  # noqa: S101
            rotated = secrets.rotated(await database_time(connection))
            await store.store_secrets(connection, vault, found.id, rotated)
            return rotated

    secrets = _with_clinic(settings, clinic, run)
    if json:
        view = {"secret": secrets.current, "old_secret_until": secrets.old_until}
        answer({"ok": True, "clinic": clinic, **view})
    else:
        say(
            "the new secret, which is not shown again; the old one also signs until "
            f"{secrets.old_until:%Y-%m-%d %H:%M} UTC:"
        )
        print(secrets.current)


@webhook.command
def show(clinic: Slug, *, json: Json = False) -> None:
    """Show a clinic's webhook: its URL, and whether it is paused.

    Example: `idexx-sync clinic webhook show cedar-creek`
    """
    found = _with_clinic(settings_here(), clinic, store.get_webhook)
    if json:
        answer({"clinic": clinic, **_view(found)})
        return
    out = console()
    for name, value in _view(found).items():
        if value is not None:
            out.print(f"{name.replace('_', ' '):<17} {value}", markup=False, soft_wrap=True)


@webhook.command
def attention(
    clinic: Slug,
    *,
    off: Annotated[bool, Parameter(negative=(), show_default=False, help="Do not send it any more.")] = False,
    json: Json = False,
) -> None:
    """Also send a webhook what needs a person, and its end: held removals, refused credentials, a missed goal, a
    booking to settle.

    Example: `idexx-sync clinic webhook attention cedar-creek`
    """

    async def run(connection: Any, found: Clinic) -> None:
        await store.get_webhook(connection, found)
        await send_attention(connection, found.id, not off)

    _with_clinic(settings_here(), clinic, run)
    if json:
        answer({"ok": True, "clinic": clinic, "sends_attention": not off})
    else:
        say(f"the webhook of {clinic} is {'not ' if off else ''}sent what needs a person")


@webhook.command
def pause(clinic: Slug, *, json: Json = False) -> None:
    """Pause a webhook. Deliveries are recorded, and sent after `resume` unless they are older than 3 days.

    Example: `idexx-sync clinic webhook pause cedar-creek`
    """

    async def run(connection: Any, found: Clinic) -> None:
        await store.get_webhook(connection, found)
        await store.pause_webhook(connection, found.id, BY_REQUEST)

    _with_clinic(settings_here(), clinic, run)
    if json:
        answer({"ok": True, "clinic": clinic, "paused": True})
    else:
        say(f"paused; to resume: idexx-sync clinic webhook resume {clinic}")


@webhook.command
def resume(clinic: Slug, *, json: Json = False) -> None:
    """Resume a webhook and send the recorded deliveries. Also for a webhook that a 410 of its receiver has paused.

    Example: `idexx-sync clinic webhook resume cedar-creek`
    """

    async def run(connection: Any, found: Clinic) -> int:
        await store.get_webhook(connection, found)
        return await store.resume_webhook(connection, found)

    waited = _with_clinic(settings_here(), clinic, run)
    if json:
        answer({"ok": True, "clinic": clinic, "paused": False, "waited": waited})
    else:
        say(f"resumed; {waited} recorded deliveries are sent now")


@webhook.command
def remove(clinic: Slug, *, yes: Yes = False, json: Json = False) -> None:
    """Remove a webhook and drop its pending deliveries, after a confirmation. Its log stays.

    Example: `idexx-sync clinic webhook remove cedar-creek --yes`
    """

    async def run(connection: Any, found: Clinic) -> None:
        before = await store.get_webhook(connection, found)
        if not yes:
            confirm(f"Remove the webhook of {found.name} ({clinic}) to {before.url}?")
        await store.remove_webhook(connection, found)

    _with_clinic(settings_here(), clinic, run)
    if json:
        answer({"ok": True, "clinic": clinic, "removed": True})
    else:
        say(f"removed the webhook of {clinic}")


def _with_clinic(settings: Settings, slug: str, run: Callable[[Any, Clinic], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with open_database(database_url(settings)) as connection:
            return await run(connection, await find_clinic(connection, slug))

    return asyncio.run(connected())


def _view(found: Webhook) -> dict[str, Any]:
    fields = asdict(found)
    del fields["clinic_id"]
    return fields
