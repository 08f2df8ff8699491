"""The environment variables of the service that this one replaces: which ones count here, and why others do not."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

#: Its names for settings of ours, by our field. Where both are set, ours counts.
ALIASES: Mapping[str, str] = {"http_port": "PORT", "http_host": "HOST", "headless": "PLAYWRIGHT_HEADLESS"}

#: Its other names that have no meaning here, each with what does its job.
WITHOUT_MEANING: Mapping[str, str] = {
    "NODE_ENV": "every environment runs the same code",
    "SUPABASE_URL": "DATABASE_URL is the address of the database",
    "SUPABASE_SERVICE_ROLE_KEY": "the role in DATABASE_URL needs no key",
    "POSTHOG_API_KEY": "/metrics has the figures, SENTRY_DSN takes errors",
    "POSTHOG_HOST": "/metrics has the figures, SENTRY_DSN takes errors",
    "PLAYWRIGHT_SLOW_MO": "IDEXX_RATE_LIMIT spares the portal",
}

#: Its log levels that have another name here.
LOG_LEVELS: Mapping[str, str] = {"warn": "warning", "fatal": "error", "trace": "debug", "verbose": "debug"}


def translated(environment: Mapping[str, str]) -> dict[str, str]:
    """The values of our fields that are set by its names only."""
    found = {}
    for field, name in ALIASES.items():
        value = environment.get(name, "")
        if value and not environment.get(field.upper()) and _is_meant(name, value):
            found[field] = value
    return found


def without_meaning(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set and do not count here, each with the reason."""
    found = {name: why for name, why in WITHOUT_MEANING.items() if environment.get(name)}
    if (host := environment.get("HOST")) and not _is_meant("HOST", host):
        found["HOST"] = "it is not an IP address; HTTP_HOST accepts names as well"
    return found


def our_log_level(value: object) -> object:
    """Our name of a log level of either service."""
    return LOG_LEVELS.get(value.lower(), value.lower()) if isinstance(value, str) else value


def _is_meant(name: str, value: str) -> bool:
    """Whether the value is meant for us: shells and build tools set HOST to the name of a machine or a platform."""
    if name != "HOST" or value == "localhost":
        return True
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
