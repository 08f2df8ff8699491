"""The command `env`: prints how to reach the servers, for a shell."""

from __future__ import annotations

import shlex

from ops.local.discovery import database_url, nats_url, settings_here
from ops.terminal.output import Json, answer


def env(*, json: Json = False) -> None:
    """Print shell variables to connect to the servers of `up`, with passwords. They work only on this machine.

    Example: `eval "$(idexx-sync env)"`, and then `nats sub 'idexx.evt.>' --server "$NATS_URL"`
    """
    settings = settings_here()
    found = {"NATS_URL": nats_url(settings), "DATABASE_URL": database_url(settings)}
    if json:
        answer(found)
    else:
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in found.items()))
