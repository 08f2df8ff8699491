"""Checks whether the configured NATS server supports schedules."""

from __future__ import annotations

from actors.settings import Settings
from broker.primitives.cron_clock import OLDEST_SERVER, can_keep_schedules
from engine.errors import Unavailable
from ops.client.connections import open_nats
from ops.client.errors import CommandFailed
from ops.terminal.output import warn

OLDEST = ".".join(map(str, OLDEST_SERVER))


async def check_clock(settings: Settings) -> None:
    """Raises `CommandFailed` if the server is too old; prints a warning if it does not respond."""
    if settings.nats_url is None:
        warn(
            "NATS_URL is not set, so it is unknown whether the server supports message "
            "schedules: idexx-sync doctor"
        )
        return
    try:
        async with open_nats(settings.nats_url) as client:
            if can_keep_schedules(client):
                return
            version = str(client.connected_server_version)
    except Unavailable as error:
        warn(f"{error.message}; the schedule is stored nevertheless")
        return
    raise CommandFailed(
        f"nats-server {version} does not support message schedules, so no clinic schedule is active",
        hint=f"update it to {OLDEST} or newer",
    )
