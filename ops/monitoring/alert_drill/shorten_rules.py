"""The rules with shorter times."""

from __future__ import annotations

import re

#: Every `for:` and every window of a range is divided by this: a minute is a second.
FACTOR = 60

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TIMES = re.compile(r"(?<=\bfor: )(\d+)([smhd])\b|(?<=\[)(\d+)([smhd])(?=\])")


def hurried(rules: str, factor: float = FACTOR) -> str:
    """The text of a file of rules; what is compared with (thresholds) stays as it is."""

    def shorter(match: re.Match[str]) -> str:
        number, unit = (part for part in match.groups() if part)
        return f"{max(round(int(number) * _SECONDS[unit] * 1000 / factor), 1)}ms"

    return _TIMES.sub(shorter, rules)
