"""Reads the list items of docs/troubleshooting.md, and adds or drops messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

#: The heading under which new messages wait for a remedy; a test fails while it is there.
WAITING = "### Without a remedy yet"

_ITEM = re.compile(r"^- (`+)( ?)(?P<message>.+?)\2\1$")


def listed(page: str) -> list[str]:
    """The messages of the page, in their order."""
    return [match["message"] for line in page.splitlines() if (match := _ITEM.match(line))]


def item(message: str) -> str:
    """A message as a list item; one with a backtick needs two around it."""
    return f"- `` {message} ``" if "`" in message else f"- `{message}`"


def updated(page: str, messages: Iterable[str]) -> str:
    """The page without the messages that no error has any more, and with the new ones, which wait for a remedy."""
    known = set(messages)
    kept = "\n".join(_without_stale(page, known)).rstrip("\n")
    if not (missing := sorted(known - set(listed(page)))):
        return kept + "\n"
    head = "" if WAITING in kept else f"\n\n{WAITING}\n"
    return kept + head + "".join(f"\n{item(message)}" for message in missing) + "\n"


def _without_stale(page: str, known: set[str]) -> Iterator[str]:
    for line in page.splitlines():
        match = _ITEM.match(line)
        if match is None or match["message"] in known:
            yield line
