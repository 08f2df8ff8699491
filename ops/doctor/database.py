"""Checks PostgreSQL: reachability, version, tables, clock, clinics, and the key for their credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from actors.settings import Settings
from engine.attention import Attention, command, message, remedy
from engine.errors import Unavailable
from engine.failure import Reason
from engine.portal_address import is_loopback
from engine.store.attention import attention
from engine.store.clinics import list_clinics
from engine.store.clinics.unknown_fields import unknown_fields
from engine.store.connecting import hosts_of, is_pooled, keeps_sessions
from engine.store.database import Connection, accepts_writes
from engine.store.disk_room import is_disk_full
from engine.store.migrate import pending, wrong_encoding
from engine.store.offer.rules import clinics_without_columns
from engine.store.pool_mode import PoolMode
from engine.store.webhooks import WebhookFigures, webhook_figures
from ops.client.connections import open_database, where
from ops.client.exit_status import sign_in_remedy
from ops.doctor.clocks import compare
from ops.doctor.finding import Finding, fail, good, warn
from ops.doctor.keys import key_ring, opens_stored
from ops.doctor.machine import room_at
from ops.doctor.portals import portals

OLDEST = 15

#: Timeout of the pooler's check, in seconds.
POOLER_TIMEOUT = 5.0


async def database(settings: Settings) -> list[Finding]:
    if settings.database_url is None:
        what = "DATABASE_URL is not set, and no `idexx-sync up` is running on this machine"
        return [fail("postgresql", what, "idexx-sync up"), key_ring(settings)]
    try:
        async with open_database(settings.database_url) as connection:
            found = [
                await _server(connection, settings.database_url),
                *await _pooler(connection, settings),
                await _writes(connection),
                *await _disk(connection, settings.database_url),
                await _clock(connection),
            ]
            if missing := await pending(connection):
                found.append(fail("schema", f"lacks {', '.join(missing)}", "idexx-sync migrate"))
                return [*found, key_ring(settings)]
            clinics = await list_clinics(connection)
            found += [good("schema", "up to date"), clinics_that_cannot_sign_in(clinics), _zones(clinics)]
            found.append(_webhooks(await webhook_figures(connection)))
            found.append(_fields(await unknown_fields(connection)))
            found += await portals(connection, settings)
            found.append(_columns(await clinics_without_columns(connection)))
            found.append(_attention(await attention(connection)))
            return [*found, await opens_stored(connection, clinics, settings)]
    except Unavailable as error:
        return [fail("postgresql", error.message, "start it, or correct DATABASE_URL"), key_ring(settings)]


async def _server(connection: asyncpg.Connection[Any], url: str) -> Finding:
    # asyncpg's parsed version has 0 for the second number of `15.18`.
    version = str(connection.get_settings().server_version).partition(" ")[0]
    pooler = " through a pooler" if await is_pooled(connection) else ""
    message = f"PostgreSQL {version} at {where(url)}{pooler}"
    if connection.get_server_version().major < OLDEST:
        return fail("postgresql", message, f"update it to {OLDEST} or newer")
    if reason := wrong_encoding(connection):
        return fail("postgresql", f"{message}: {reason}", "set DATABASE_URL to a database in UTF8")
    return good("postgresql", message)


async def _writes(connection: Connection) -> Finding:
    if await accepts_writes(connection):
        return good("writes", "PostgreSQL accepts writes")
    what = "PostgreSQL accepts no writes: it is a standby, or default_transaction_read_only is on"
    return fail("writes", what, "set DATABASE_URL to the primary, or default_transaction_read_only to off")


async def _pooler(connection: asyncpg.Connection[Any], settings: Settings) -> list[Finding]:
    """Compares the mode of a pooler with the setting; returns no finding without a pooler."""
    if not await is_pooled(connection):
        return []
    assert settings.database_url is not None  # noqa: S101 (there is a connection)
    mode = (
        PoolMode.SESSION
        if await keeps_sessions(settings.database_url, timeout=POOLER_TIMEOUT)
        else PoolMode.TRANSACTION
    )
    if mode is PoolMode.TRANSACTION and settings.database_pool_mode is PoolMode.SESSION:
        what = "DATABASE_POOL_MODE is session, but the pooler gives up the session after each transaction"
        return [fail("pooler", what, "set DATABASE_POOL_MODE to auto or transaction")]
    return [good("pooler", f"in {mode} mode; DATABASE_POOL_MODE is {settings.database_pool_mode}")]


async def _disk(connection: asyncpg.Connection[Any], url: str) -> list[Finding]:
    """Checks the disk of PostgreSQL: whether it takes a temporary file, and its room if it is on this machine."""
    if await is_disk_full(connection):
        remedy = "free space on the disk of its machine: df -h; nothing is lost, and syncs go on by themselves"
        return [fail("postgresql disk", "full: PostgreSQL cannot write a temporary file", remedy)]
    if all(is_loopback(host.name) or host.name.startswith("/") for host in hosts_of(url)):
        with suppress(OSError, asyncpg.InsufficientPrivilegeError):  # another user's folder, or a container's
            return [room_at("postgresql disk", Path(await connection.fetchval("show data_directory")))]
    return [good("postgresql disk", "takes a temporary file")]


async def _clock(connection: Connection) -> Finding:
    before = datetime.now(UTC)
    server = await connection.fetchval("select clock_timestamp()")
    return compare("postgresql", before, server, datetime.now(UTC))


def clinics_that_cannot_sign_in(clinics: list[dict[str, Any]]) -> Finding:
    """Whether each clinic has credentials that the portal accepts."""
    if not clinics:
        return warn("clinics", "no clinic is stored", "idexx-sync clinic add --help")
    shut = {clinic["slug"]: clinic["login_failure"] for clinic in clinics if clinic["login_failure"]}
    bare = [clinic["slug"] for clinic in clinics if not clinic["has_credentials"]]
    if not (shut or bare):
        return good("clinics", f"{len(clinics)} clinics, all with credentials")
    problems = []
    if refused := [f"{slug} ({why})" for slug, why in shut.items() if why != Reason.NO_COMPANY_ID]:
        problems.append(f"rejected by the portal: {', '.join(refused)}")
    if lacking := [slug for slug, why in shut.items() if why == Reason.NO_COMPANY_ID]:
        problems.append(f"without the company id that the portal asks for: {', '.join(lacking)}")
    if bare:
        problems.append(f"without credentials: {', '.join(bare)}")
    [named, *others] = dict.fromkeys([*shut, *bare])
    remedy = sign_in_remedy("CLINIC" if others else named, shut.values())
    return (fail if shut else warn)("clinics", "; ".join(problems), remedy)


def _attention(items: Sequence[Attention]) -> Finding:
    """What needs a person in clinics; those without credentials have their own finding."""
    items = [item for item in items if not item.is_new_clinic]
    if not items:
        return good("attention", "nothing needs a person")
    first, more = items[0], f"; and {len(items) - 1} more: idexx-sync status --problems" if items[1:] else ""
    return warn("attention", f"{message(first)}{more}", command(first) or remedy(first))


def _zones(clinics: list[dict[str, Any]]) -> Finding:
    if shut := [clinic for clinic in clinics if clinic["timezone_problem"]]:
        problems = "; ".join(f"{clinic['slug']}: {clinic['timezone_problem']}" for clinic in shut)
        return fail("time zones", problems, "idexx-sync clinic add CLINIC --name NAME --timezone ZONE")
    unknown = [clinic["timezone"] for clinic in clinics if not _is_zone(clinic["timezone"])]
    if unknown:
        return fail("time zones", f"unknown on this machine: {', '.join(unknown)}", "pip install -U tzdata")
    return good("time zones", "all known")


def _webhooks(figures: WebhookFigures) -> Finding:
    if figures.overdue:
        return warn("webhooks", f"{figures.overdue} deliveries are overdue", "idexx-sync worker notifier")
    if figures.gone:
        paused = f"paused, because their receivers returned 410: {', '.join(figures.gone)}"
        return warn("webhooks", paused, "idexx-sync clinic webhook log CLINIC")
    having = {0: "no clinic has a webhook", 1: "one clinic has a webhook"}
    return good("webhooks", having.get(figures.webhooks, f"{figures.webhooks} clinics have a webhook"))


def _fields(unknown: Mapping[str, list[str]]) -> Finding:
    """Reports portal fields that are not read: not an error, but perhaps worth reading."""
    if not unknown:
        return good("portal fields", "no unknown fields")
    named = "; ".join(f"{slug}: {', '.join(names)}" for slug, names in unknown.items())
    return good("portal fields", f"unknown fields by clinic: {named} (docs/portal.md)")


def _columns(not_chosen: Sequence[str]) -> Finding:
    if not not_chosen:
        return good("columns", "chosen for every clinic whose columns were read")
    named = not_chosen[0] if len(not_chosen) == 1 else "CLINIC"
    what = f"no columns are chosen for {', '.join(not_chosen)}"
    return warn("columns", what, f"idexx-sync clinic rules {named}")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
