"""Durations as people write them: 45 s, 30 min, 2 h, 60 d."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}

#: The units of `in_words`, the largest first.
_LARGEST_FIRST = (("d", 86_400), ("h", 3600), ("min", 60))


def parse_duration(text: str, unit: str = "") -> int | None:
    """Returns the seconds of `30 min`, `30m`, `2h` or `1 d`; None for anything else. A number without a unit has
    `unit`."""
    match = re.fullmatch(r"(\d{1,8}) ?([a-z]*)", text.strip().lower())
    size = _SECONDS.get(match[2] or unit) if match else None
    return int(match[1]) * size if match and size else None


def in_words(seconds: int) -> str:
    """Formats seconds in the largest unit that divides them: 60 min becomes 1 h, 90 min stays."""
    for unit, size in _LARGEST_FIRST if seconds else ():
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s" if seconds else "0 min"
