"""Finds the servers for commands: from the environment, or from a running `idexx-sync up` on this machine."""

from __future__ import annotations

import os

from actors.settings import Settings, load
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.doctor.home_key import KEY_FILE
from ops.local.embedded.home import Home


def settings_here() -> Settings:
    """Returns the settings, completed from a running home.

    The additions are also put into the environment, so that child processes find the same servers.
    """
    settings = load()
    if settings.nats_url and settings.database_url and settings.encryption_key:
        return settings
    home = settings.idexx_sync_home.expanduser()
    running = Home(home).running() if home.is_dir() else None
    if running is None:
        return settings
    found = dict(running.environment)
    is_this_home = settings.database_url in (None, found.get("DATABASE_URL"))
    if settings.nats_url and settings.database_url and not is_this_home:
        return settings
    if is_this_home and (home / KEY_FILE).exists():
        found["ENCRYPTION_KEY"] = (home / KEY_FILE).read_text().strip()
    return with_environment(found)


def with_environment(found: dict[str, str]) -> Settings:
    """Adds missing variables to the environment and reloads the settings."""
    for name, value in found.items():
        if not os.environ.get(name):
            os.environ[name] = value
    load.cache_clear()
    return load()


def nats_url(settings: Settings) -> str:
    return settings.nats_url or _missing("NATS_URL", "NATS")


def database_url(settings: Settings) -> str:
    return settings.database_url or _missing("DATABASE_URL", "PostgreSQL")


def _missing(name: str, what: str) -> str:
    raise CommandFailed(
        f"{what} is not reachable: {name} is not set, and no `idexx-sync up` is running on this machine",
        status=Exit.UNREACHABLE,
        hint="start `idexx-sync up` in another terminal, or set " + name,
    )
