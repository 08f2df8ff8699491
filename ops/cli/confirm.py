"""Asking before something is changed that cannot be taken back by the same command."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from ops.cli.errors import CommandFailed
from ops.cli.exits import Exit

#: `--yes`, the same for every command that asks.
Yes = Annotated[bool, Parameter(negative=(), show_default=False, help="Do not ask.")]


def confirm(question: str) -> None:
    """Returns when the answer is yes; raises otherwise, also where nobody can be asked."""
    if not sys.stdin.isatty():
        raise CommandFailed(f"{question} There is no terminal to ask on", status=Exit.USAGE, hint="add --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was changed", status=Exit.FAILED)
