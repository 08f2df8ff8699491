"""Asks for confirmation before a change that the same command cannot undo."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit

#: The `--yes` option, the same for every command that asks.
Yes = Annotated[bool, Parameter(negative=(), show_default=False, help="Skip the confirmation.")]


def confirm(question: str) -> None:
    """Asks the question; raises `CommandFailed` unless the reply is yes, or if there is no terminal."""
    if not sys.stdin.isatty():
        raise CommandFailed(f"{question} The confirmation needs a terminal", status=Exit.USAGE, hint="add --yes")
    with _ctrl_c_interrupts():
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        said = sys.stdin.readline()
    if said.strip().lower() not in ("y", "yes"):
        raise CommandFailed("cancelled; nothing was changed", status=Exit.FAILED)


@contextmanager
def _ctrl_c_interrupts() -> Iterator[None]:
    """Makes Ctrl-C interrupt a blocking read: the event loop's handler would only cancel its task, which is
    blocked."""
    of_the_loop = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, of_the_loop)
