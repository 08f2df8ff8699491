"""Webhooks of clinics: the address that is notified of the end of a sync, and the secrets that sign it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.clinic import Clinic
from engine.errors import UnknownWebhook
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.vault import Sealed, Vault, VaultError
from engine.webhook import Secrets, Webhook
from engine.webhook_retry import AttemptReason

SQL = Queries(__file__)

#: Time after which a due delivery counts as overdue because no notifier runs, in seconds.
OVERDUE_AFTER = 60.0

#: The purpose for which the secrets are sealed: part of the associated data.
PURPOSE = "webhook"


@dataclass(frozen=True, slots=True)
class WebhookFigures:
    """Figures for monitoring. `gone`: clinics whose receivers returned 410; `overdue`: due but not tried."""

    webhooks: int
    gone: list[str]
    overdue: int


async def webhook_figures(connection: Connection) -> WebhookFigures:
    row = await connection.fetchrow(SQL["webhook_figures"], OVERDUE_AFTER)
    assert row is not None  # an aggregate always returns a row  # noqa: S101
    return WebhookFigures(**row)


async def get_webhook(connection: Connection, clinic: Clinic) -> Webhook:
    """The clinic's webhook. Raises `UnknownWebhook`."""
    webhook = await find_webhook(connection, clinic)
    if webhook is None:
        raise UnknownWebhook(
            f"clinic {clinic.slug!r} has no webhook", hint=f"idexx-sync clinic webhook set {clinic.slug} URL"
        )
    return webhook


async def find_webhook(connection: Connection, clinic: Clinic) -> Webhook | None:
    row = await connection.fetchrow(SQL["get_webhook"], clinic.id)
    return None if row is None else Webhook(**row)


async def set_webhook(connection: Connection, vault: Vault, clinic: Clinic, url: str, secrets: Secrets) -> None:
    """Stores a checked address with a secret of its own; replaces any other webhook completely."""
    sealed = _seal(vault, clinic.id, secrets)
    await connection.execute(SQL["set_webhook"], clinic.id, url, sealed.key_id, sealed.data)


async def remove_webhook(connection: Connection, clinic: Clinic) -> None:
    """Removes the webhook and gives up its pending deliveries; the log of deliveries stays."""
    await connection.execute(SQL["remove_webhook"], clinic.id, AttemptReason.REMOVED)


async def pause_webhook(connection: Connection, clinic_id: UUID, reason: str) -> None:
    """Pauses the webhook; its deliveries are still recorded, and wait."""
    await connection.execute(SQL["pause_webhook"], clinic_id, reason)


async def resume_webhook(connection: Connection, clinic: Clinic) -> int:
    """Resumes the webhook; returns how many deliveries have waited and are sent now."""
    waited: int = await connection.fetchval(SQL["resume_webhook"], clinic.id)
    return waited


async def get_secrets(connection: Connection, vault: Vault, clinic_id: UUID) -> Secrets | None:
    """The webhook's secrets; None without a webhook. Raises `VaultError` if the key ring does not open them."""
    row = await connection.fetchrow(SQL["sealed_secrets"], clinic_id)
    return None if row is None else _open(vault, clinic_id, row)


async def store_secrets(connection: Connection, vault: Vault, clinic_id: UUID, secrets: Secrets) -> None:
    sealed = _seal(vault, clinic_id, secrets)
    await connection.execute(SQL["seal_secrets"], clinic_id, sealed.key_id, sealed.data, secrets.old_until)


async def reseal_secrets(connection: Connection, vault: Vault) -> tuple[int, list[str]]:
    """Seals with the newest key the secrets that are sealed with another one.

    Returns their number, and the slugs of the clinics whose secrets the ring does not open; those stay unchanged.
    """
    closed = []
    rows = await connection.fetch(SQL["webhooks_with_old_keys"], vault.primary)
    for row in rows:
        try:
            secrets = _open(vault, row["clinic_id"], row)
        except VaultError:
            closed.append(row["slug"])
        else:
            await store_secrets(connection, vault, row["clinic_id"], secrets)
    return len(rows) - len(closed), closed


def _seal(vault: Vault, clinic_id: UUID, secrets: Secrets) -> Sealed:
    return vault.seal(clinic_id, PURPOSE, json.dumps({"current": secrets.current, "old": secrets.old}).encode())


def _open(vault: Vault, clinic_id: UUID, row: Any) -> Secrets:
    record = json.loads(vault.open(clinic_id, PURPOSE, Sealed(row["key_id"], row["sealed"])))
    return Secrets(**record, old_until=row["old_secret_until"])
