"""Parses and formats the value of `--max-age`: how old a clinic's last completed sync may be."""

from __future__ import annotations

import re
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


def seconds_of(max_age: str) -> int | None:
    """Returns the age in seconds, or None for `none`. Raises `CommandFailed`."""
    text = max_age.strip().lower()
    if text == "none":
        return None
    match = re.fullmatch(r"(\d{1,8}) ?(s|m|min|h|d)", text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 60 <= seconds <= _MOST:
        raise CommandFailed(
            f"--max-age {max_age!r}: must be from a minute to a year, such as 60m, 2h or 1d, or none",
            status=Exit.USAGE,
        )
    return seconds


def in_words(seconds: int) -> str:
    """Formats seconds in the largest unit that divides them: 60 min becomes 1 h, 90 min stays."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
