"""Redacts errors: keeps their origin, and their text only if it cannot quote personal data.

Python and its libraries quote bad values (`invalid literal for int(): 'Bella'`). The text of our own errors
consists of names, ids and numbers, and that of transport errors of addresses.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

#: Packages whose error texts quote no personal data.
TRUSTED_PACKAGES = ("actors", "broker", "engine", "ops", "dramatiq", "nats")

REDACTED = "(text redacted: it may quote personal data)"

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Unexpected(Exception):
    """Replaces a library's error, without its text but with its traceback."""


def without_words(error: Exception) -> Exception:
    """The error in a form that may be stored and shown."""
    if is_trusted(type(error).__module__):
        return error
    return Unexpected(f"{type(error).__qualname__}: {words(error)}").with_traceback(error.__traceback__)


def is_trusted(module: str) -> bool:
    return module.partition(".")[0] in TRUSTED_PACKAGES


def words(error: BaseException) -> str:
    if is_trusted(type(error).__module__):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return REDACTED if error.args else ""


def lines(error: BaseException) -> Iterator[str]:
    """A traceback as Python prints it, the first cause first, with redacted texts."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from lines(before)
        yield "\nThen, as its result or during its handling:\n\n"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {words(error)}\n"
    for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from lines(part)


def format_error(exc_info: ExcInfo) -> str:
    return "".join(lines(exc_info[1])).rstrip()


def print_error(file: TextIO, exc_info: ExcInfo) -> None:
    """The same, with the signature that structlog's console expects."""
    file.write("\n" + format_error(exc_info))
