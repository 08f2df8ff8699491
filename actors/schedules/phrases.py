"""Schedules as English phrases: every 30 minutes; daily at 06:00 and 12:00; on weekdays at 7:30."""

from __future__ import annotations

import re

from engine.errors import BadRequest

_EVERY = re.compile(r"every (?:(\d{1,2}) )?(minutes?|hours?)")
_TIME = r"\d{1,2}:\d\d"
_AT = re.compile(
    rf"(?:(daily|every day|(?:on )?weekdays|(?:on )?weekends) )?at ({_TIME}(?:(?:, ?| and |, and ){_TIME})*)"
)

_DAYS = {"weekdays": "1-5", "weekends": "0,6"}


def as_cron(text: str) -> str | None:
    """The five fields of a phrase; None: not a phrase. Raises `BadRequest` if cron cannot express it."""
    phrase = " ".join(text.lower().split())
    if match := _EVERY.fullmatch(phrase):
        return _every(int(match[1] or 1), match[2])
    if match := _AT.fullmatch(phrase):
        return _at(re.findall(r"(\d+):(\d+)", match[2]), _DAYS.get((match[1] or "").removeprefix("on "), "*"))
    return None


def _every(number: int, unit: str) -> str:
    whole = 60 if unit.startswith("minute") else 24
    if number == 0 or whole % number:
        raise BadRequest(
            f"cron: every {number} {unit}: {number} does not divide {whole}, so the intervals "
            "would differ; use one of "
            f"{', '.join(str(one) for one in range(1, whole) if whole % one == 0)}"
        )
    step = "*" if number == 1 else "0" if number == whole else f"*/{number}"
    return f"{step} * * * *" if whole == 60 else f"0 {step} * * *"


def as_phrase(cron: str) -> str | None:
    """The phrase for a schedule that repeats at even intervals; None: it does not."""
    for unit, whole, form in (("minutes", 60, r"\*/(\d+) \* \* \* \*"), ("hours", 24, r"0 \*/(\d+) \* \* \*")):
        if (match := re.fullmatch(form, cron)) and 1 < int(match[1]) < whole and whole % int(match[1]) == 0:
            return f"every {match[1]} {unit}"
    return None


def _at(times: list[tuple[str, str]], weekdays: str) -> str:
    minutes = {int(minute) for _, minute in times}
    if len(minutes) > 1:
        shown = ", ".join(f"{hour}:{minute}" for hour, minute in times)
        raise BadRequest(f"cron: at {shown}: the minutes must be the same, such as 06:15 and 12:15")
    hours = ",".join(str(hour) for hour in sorted({int(hour) for hour, _ in times}))
    return f"{minutes.pop()} {hours} * * {weekdays}"
