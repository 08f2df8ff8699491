"""Parses lengths of time: the values of `--max-age` (a freshness goal), `--expires` (a key's life), `--patience` (how
long a command follows while no gateway responds) and `--since` (how far back it looks)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from engine.durations import parse_duration
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit

MaxAge = Annotated[
    str | None,
    Parameter(
        help="The freshness goal: how old its last completed sync may be, such as 60m, 2h or 1d; none: no goal."
    ),
]

Patience = Annotated[
    str,
    Parameter(help="How long to go on following while NATS, gateway or PostgreSQL does not respond, such as 30s."),
]

#: The default of `--patience`: longer than a restart of every server.
DEFAULT_PATIENCE = "10m"

#: The largest accepted age, in seconds.
_MOST = 366 * 86_400
#: The longest life of a key, in seconds.
_LONGEST_LIFE = 3660 * 86_400


def seconds_of(max_age: str, name: str = "--max-age") -> int | None:
    """Returns the age in seconds, or None for `none`. Raises `CommandFailed`; `name`: of the option or column."""
    if max_age.strip().lower() == "none":
        return None
    seconds = parse_duration(max_age) or 0
    if not 60 <= seconds <= _MOST:
        raise CommandFailed(
            f"{name} {max_age!r}: must be from a minute to a year, such as 60m, 2h or 1d, or none",
            status=Exit.USAGE,
        )
    return seconds


def lifetime_of(expires: str) -> timedelta:
    """Returns how long a key is valid. Raises `CommandFailed`."""
    seconds = parse_duration(expires) or 0
    if not 60 <= seconds <= _LONGEST_LIFE:
        raise CommandFailed(
            f"--expires {expires!r}: must be from a minute to ten years, such as 12h or 90d", status=Exit.USAGE
        )
    return timedelta(seconds=seconds)


def since_of(since: str) -> timedelta:
    """Returns the time. Raises `CommandFailed`."""
    seconds = parse_duration(since) or 0
    if not 1 <= seconds <= _MOST:
        raise CommandFailed(
            f"--since {since!r}: must be from a second to a year, such as 30m, 2h or 3d", status=Exit.USAGE
        )
    return timedelta(seconds=seconds)


def patience_of(patience: str) -> int:
    """Returns the seconds. Raises `CommandFailed`."""
    seconds = parse_duration(patience) or 0
    if not 1 <= seconds <= 7 * 86_400:
        raise CommandFailed(
            f"--patience {patience!r}: must be from a second to a week, such as 30s, 10m or 2h", status=Exit.USAGE
        )
    return seconds
