"""Writes results to stdout and messages to stderr; uses colors only on a terminal."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, TextIO

from cyclopts import Parameter

from ops.terminal.color import has_colors, rich_options
from ops.terminal.encoding import is_unicode
from ops.terminal.log_lines import fitted

if TYPE_CHECKING:
    from rich.console import Console

#: The `--json` option, the same for every command.
Json = Annotated[
    bool,
    Parameter(
        "--json",
        negative=(),
        show_default=False,
        help="Print JSON, one object per line.",
    ),
]

#: Width of a table that is written to a pipe or a file, in characters.
PIPE_WIDTH = 200

#: Width of a process's name before a line of its output.
MARGIN = 15

Say = Callable[[str], None]


def say(text: str) -> None:
    """Prints a progress message to stderr."""
    print(paint("2", "·", sys.stderr), text, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    print(paint("33", "!", sys.stderr), text, file=sys.stderr, flush=True)


def passed_on(name: str, line: str) -> None:
    """Prints a line of a child process's output, on a terminal in lines that fit it."""
    parts, margin = [line], paint("2", f"{name:>12} │", sys.stderr)
    if sys.stderr.isatty():
        parts = fitted(line, shutil.get_terminal_size().columns - MARGIN)
    print("\n".join(f"{margin} {part}" for part in parts), file=sys.stderr, flush=True)


def answer(value: Any) -> None:
    """Prints a value as one line of JSON on stdout."""
    print(json.dumps(value, default=_plain, ensure_ascii=not is_unicode(sys.stdout)), flush=True)


def console(stream: TextIO | None = None) -> Console:
    """Returns a console on the stream, stdout by default. Imports rich on use, so that `--help` stays fast."""
    from rich.console import Console

    stream = stream or sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(file=stream, highlight=False, width=width, **rich_options(stream))


def paint(code: str, text: str, stream: TextIO) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if has_colors(stream) else text


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
