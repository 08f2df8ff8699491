"""The findings of checks, and the function that runs checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Timeout of one check. Seconds.
LIMIT = 20.0


class Grade(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check. `remedy` says what to do if the grade is not `pass`."""

    name: str
    grade: Grade
    message: str
    remedy: str | None = None


Check = Callable[[], Awaitable[list[Finding]]]


def good(name: str, message: str) -> Finding:
    return Finding(name, Grade.PASS, message)


def warn(name: str, message: str, remedy: str) -> Finding:
    return Finding(name, Grade.WARN, message, remedy)


def fail(name: str, message: str, remedy: str) -> Finding:
    return Finding(name, Grade.FAIL, message, remedy)


async def examine(checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """Runs all checks concurrently; returns their findings in the order of the checks."""
    results = await asyncio.gather(*(_one(name, check) for name, check in checks))
    return [finding for found in results for finding in found]


async def _one(name: str, check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(LIMIT):
            return await check()
    except TimeoutError:
        return [fail(name, f"no response within {LIMIT:g} s", "check whether it hangs, and restart it")]
    except Exception as error:  # a check that raises is itself a finding
        return [fail(name, f"{type(error).__name__}: {error}", "see the message")]
