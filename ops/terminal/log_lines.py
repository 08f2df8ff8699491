"""Fits the log lines of child processes to a terminal. In a pipe or a file they stay as they are."""

from __future__ import annotations

import re
import textwrap

#: The start of our log lines: time and level, of which a terminal shows the clock, and the level from a warning on.
_START = re.compile(r"^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z \[(\w+) *\] (.*)$", re.DOTALL)

#: An id, of which commands accept the first characters.
_ID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")

_CALM = ("info", "debug")


def fitted(line: str, width: int) -> list[str]:
    """Returns the line in parts of at most `width` characters, cut between words only; those after the first are
    indented."""
    return textwrap.wrap(
        shortened(line),
        max(width, 20),
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def shortened(line: str) -> str:
    """Returns one of our log lines with its clock, its ids cut to eight characters, and no padding."""
    found = _START.match(line.rstrip())
    if found is None:
        return line.rstrip()
    clock, level, rest = found.groups()
    text = re.sub(r" {2,}", " ", _ID.sub(r"\1", rest))
    return f"{clock} {text}" if level in _CALM else f"{clock} {level}: {text}"
