"""Shows a status again and again, until Ctrl-C."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import datetime
from typing import NoReturn

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ops.cli.status_view import Read, StatusView
from ops.client.errors import explain
from ops.client.exit_status import Exit
from ops.terminal.output import answer, console, warn

#: Seconds between two looks.
EVERY = 2.0


async def repeat(read: Read, *, as_json: bool, every: float = EVERY) -> NoReturn:
    """Shows what `read` returns: in place on a terminal, else once more below. While a server does not respond, it
    says so and goes on. Raises other errors of `read`."""
    out = console()
    is_live = out.is_terminal and not out.is_dumb_terminal and not as_json
    last = Text()
    with Live(console=out, auto_refresh=False) if is_live else nullcontext() as live:
        while True:
            try:
                view = await read()
            except Exception as error:
                status, message, _ = explain(error)
                if status is not Exit.UNREACHABLE:
                    raise
                if live is None:
                    warn(message)
                else:
                    live.update(last + Text(f"\n! {message}", style="yellow"), refresh=True)
            else:
                if live is not None:
                    live.update(last := _drawn(out, view), refresh=True)
                elif as_json:
                    answer(view.reply)
                else:
                    out.print(f"{datetime.now().astimezone():%H:%M:%S}")
                    view.show(out)
            await asyncio.sleep(every)


def _drawn(out: Console, view: StatusView) -> Text:
    with out.capture() as drawn:
        view.show(out)
    return Text.from_ansi(drawn.get()) + Text(
        f"\n{datetime.now().astimezone():%H:%M:%S}, Ctrl-C ends", style="dim"
    )
