"""Decides whether output has colors: by `--color`, else by NO_COLOR and FORCE_COLOR, else by the terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TextIO

from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit

OPTION = "--color"


class Color(StrEnum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class _Chosen:
    """The choice of this process."""

    color = Color.AUTO


def take_color(arguments: Sequence[str]) -> list[str]:
    """Applies `--color WHEN`, which may stand anywhere on a command line, and returns the other arguments. Raises
    `CommandFailed`."""
    rest, words = list[str](), iter(arguments)
    _Chosen.color = Color.AUTO
    for word in words:
        name, is_joined, value = word.partition("=")
        if word == "--":
            return [*rest, word, *words]
        if name != OPTION:
            rest.append(word)
        else:
            _Chosen.color = _parsed(value if is_joined else next(words, ""))
    return rest


def _parsed(value: str) -> Color:
    try:
        return Color(value)
    except ValueError:
        raise CommandFailed(f"{OPTION} {value!r}: must be {', '.join(Color)}", status=Exit.USAGE) from None


def has_colors(stream: TextIO) -> bool:
    if _Chosen.color is not Color.AUTO:
        return _Chosen.color is Color.ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def rich_options(stream: TextIO) -> dict[str, Any]:
    """Returns how rich's console is made for the stream: in color, it is a terminal only if the stream is one."""
    if not has_colors(stream):
        return {"color_system": None, "force_terminal": stream.isatty()}
    return {"color_system": "auto" if stream.isatty() else "standard", "force_terminal": stream.isatty()}
