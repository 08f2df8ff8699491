"""The command `env`: prints how to reach the servers, for a shell."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ops.local.discovery import database_url, nats_url, settings_here
from ops.local.embedded.postgres import PostgresMissing, find_programs
from ops.terminal.output import Json, answer


def env(*, json: Json = False) -> None:
    """Print shell variables to connect to the servers of `up`, with passwords. They work only on this machine.

    `PATH` starts with the embedded PostgreSQL's programs, such as `pg_dump` and `psql`.

    Example: `eval "$(idexx-sync env)"`, and then `nats sub 'idexx.evt.>' --server "$NATS_URL"`
    """
    is_embedded = not os.environ.get("DATABASE_URL")
    settings = settings_here()
    found = {"NATS_URL": nats_url(settings), "DATABASE_URL": database_url(settings)}
    if json:
        answer(found)
        return
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in found.items()))
    if is_embedded and (programs := _programs()) is not None:
        print(f'export PATH={shlex.quote(str(programs))}:"$PATH"')


def _programs() -> Path | None:
    """The folder of the embedded PostgreSQL's programs: `pg_dump` refuses a server that is newer than itself."""
    try:
        return find_programs()
    except PostgresMissing:
        return None
