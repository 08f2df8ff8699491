"""Parses and formats lengths of time: the values of `--max-age` (a freshness goal) and `--expires` (a key's life)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit

MaxAge = Annotated[
    str | None,
    Parameter(
        help="The freshness goal: how old its last completed sync may be, such as 60m, 2h or 1d; none: no goal."
    ),
]

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}

#: The largest accepted age, in seconds.
_MOST = 366 * 86_400
#: The longest life of a key, in seconds.
_LONGEST_LIFE = 3660 * 86_400


def seconds_of(max_age: str) -> int | None:
    """Returns the age in seconds, or None for `none`. Raises `CommandFailed`."""
    text = max_age.strip().lower()
    if text == "none":
        return None
    seconds = _seconds(text)
    if not 60 <= seconds <= _MOST:
        raise CommandFailed(
            f"--max-age {max_age!r}: must be from a minute to a year, such as 60m, 2h or 1d, or none",
            status=Exit.USAGE,
        )
    return seconds


def lifetime_of(expires: str) -> timedelta:
    """Returns how long a key is valid. Raises `CommandFailed`."""
    seconds = _seconds(expires.strip().lower())
    if not 60 <= seconds <= _LONGEST_LIFE:
        raise CommandFailed(
            f"--expires {expires!r}: must be from a minute to ten years, such as 12h or 90d", status=Exit.USAGE
        )
    return timedelta(seconds=seconds)


def _seconds(text: str) -> int:
    """Returns the seconds of a number with a unit; 0 if it is none."""
    match = re.fullmatch(r"(\d{1,8}) ?(s|m|min|h|d)", text)
    return int(match[1]) * _SECONDS[match[2]] if match else 0


def in_words(seconds: int) -> str:
    """Formats seconds in the largest unit that divides them: 60 min becomes 1 h, 90 min stays."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
