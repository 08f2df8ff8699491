"""Checks NATS: reachability, version, JetStream, clock, and whether a gateway listens."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError

from actors.health.nats_storage import KEY, TTL, WITHIN, unconfirmed
from actors.messages import Subjects
from actors.settings import Settings
from broker.primitives.cron_clock import OLDEST_SERVER as OLDEST_CLOCK
from broker.primitives.cron_clock import can_keep_schedules
from engine.errors import Unavailable
from ops.client.connections import open_nats, where
from ops.doctor.clocks import compare
from ops.doctor.finding import Finding, fail, good, warn

#: The oldest supported server: per-message timeouts and schedules need it.
OLDEST = (2, 12)
#: The share of the account's storage from which it is reported as nearly full.
NEARLY_FULL = 0.9


async def nats(settings: Settings) -> list[Finding]:
    if settings.nats_url is None:
        return [
            fail("nats", "NATS_URL is not set, and no `idexx-sync up` is running on this machine", "idexx-sync up")
        ]
    try:
        async with open_nats(settings.nats_url) as client:
            subjects = Subjects(settings.subject_prefix)
            return [
                _server(client, settings.nats_url),
                *await _jetstream(client, subjects),
                *await _storage(client, subjects),
                await _clock(client, subjects),
                await _gateway(client),
            ]
    except Unavailable as error:
        return [fail("nats", error.message, "start it, or correct NATS_URL")]


def _server(client: Client, url: str) -> Finding:
    number = client.connected_server_version
    version = f"{number.major}.{number.minor}.{number.patch}"
    message = f"nats-server {version} at {where(url)}, messages up to {client.max_payload // 1024} KiB"
    if (number.major, number.minor) < OLDEST:
        return fail("nats", message, f"update it to {'.'.join(map(str, OLDEST))} or newer")
    return good("nats", message)


async def _jetstream(client: Client, subjects: Subjects) -> list[Finding]:
    try:
        account = await client.jetstream().account_info()
    except (ServiceUnavailableError, NatsTimeoutError, NoRespondersError):
        return [fail("jetstream", "not enabled on this server", "start nats-server with -js and a store_dir")]
    except APIError as error:
        return [
            fail(
                "jetstream",
                f"not enabled for this account: {error.description}",
                "enable JetStream for the account",
            )
        ]
    room = (
        f"of {account.limits.max_storage // 1024**2} MiB" if account.limits.max_storage > 0 else "in use, no limit"
    )
    used = f"{account.streams} streams, {account.storage // 1024**2} MiB of disk {room}"
    limit = account.limits.max_storage
    if limit > 0 and account.storage >= NEARLY_FULL * limit:
        found = [
            warn(
                "jetstream",
                f"{used}: nearly full",
                "raise the account's limit, or check which stream uses the space",
            )
        ]
    else:
        found = [good("jetstream", used)]
    before = datetime.now(UTC)
    info = await _stream_info(client, subjects.event_stream)
    if info is None:
        return [*found, warn("event stream", f"{subjects.event_stream} does not exist yet", "idexx-sync up")]
    found.append(good("event stream", f"{subjects.event_stream} holds {info['state']['messages']} events"))
    if "ts" in info:
        found.append(compare("nats", before, datetime.fromisoformat(_micro(info["ts"])), datetime.now(UTC)))
    return found


async def _storage(client: Client, subjects: Subjects) -> list[Finding]:
    """Checks that storage accepts writes; returns no finding before the leases bucket, to which it writes,
    exists."""
    remedy = "free space on the disk of NATS, or raise max_file_store or the account's limit"
    try:
        subject, headers = f"$KV.{subjects.leases_bucket}.{KEY}", {"Nats-TTL": f"{TTL:.0f}s"}
        await client.jetstream().publish(subject, b"", timeout=WITHIN, headers=headers)
    except NoStreamResponseError:
        return []
    except APIError as error:
        return [fail("nats storage", f"rejects a write: {error.description} ({error.err_code})", remedy)]
    except TimeoutError:
        return [fail("nats storage", unconfirmed(WITHIN), remedy)]
    return [good("nats storage", "confirms a write")]


async def _clock(client: Client, subjects: Subjects) -> Finding:
    """Checks the stream of the clinics' schedules."""
    if not can_keep_schedules(client):
        oldest = ".".join(map(str, OLDEST_CLOCK))
        return warn(
            "schedules",
            "this nats-server does not support message schedules",
            f"update it to {oldest} or newer if you need them",
        )
    kept = f"{subjects.prefix}.schedule.>"
    try:
        info = await _stream_info(client, subjects.schedule_stream, {"subjects_filter": kept})
    except (NatsTimeoutError, NoRespondersError):
        return fail("schedules", "JetStream does not respond", "see jetstream above")
    if info is None:
        return warn("schedules", f"{subjects.schedule_stream} does not exist yet", "idexx-sync up")
    number = len(info["state"].get("subjects") or ())
    return good("schedules", f"{number} active" if number else "no clinic has a schedule")


async def _stream_info(client: Client, stream: str, terms: dict[str, Any] | None = None) -> dict[str, Any] | None:
    asked = json.dumps(terms).encode() if terms else b""
    message = await client.request(f"$JS.API.STREAM.INFO.{stream}", asked, timeout=5)
    info: dict[str, Any] = json.loads(message.data)
    return None if "error" in info else info


def _micro(text: str) -> str:
    """Cuts an RFC 3339 time with nanoseconds to the precision that Python parses."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


async def _gateway(client: Client) -> Finding:
    try:
        answered = json.loads((await client.request("$SRV.PING.idexx-sync", timeout=2)).data)
    except (NoRespondersError, NatsTimeoutError):
        return warn("gateway", "no gateway responds on this NATS", "idexx-sync up, or idexx-sync gateway")
    return good("gateway", f"version {answered['version']} responds")
