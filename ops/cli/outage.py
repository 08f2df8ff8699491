"""Says that no gateway responds and that one does again, and gives up when the patience is over."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from engine.durations import in_words
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.terminal.output import say, warn


class Outage:
    """Called with each failure of a request, and with None after each success."""

    def __init__(self, patience: int, goes_on: str, hint: str, *, clock: Callable[[], float] = monotonic) -> None:
        """`goes_on` names what continues without this command, `hint` is the command that follows it again."""
        self._patience = patience
        self._goes_on = goes_on
        self._hint = hint
        self._clock = clock
        self._since: float | None = None

    def __call__(self, failure: CommandFailed | None) -> None:
        """Raises `CommandFailed` when the failures have lasted for longer than the patience."""
        if failure is None:
            if self._since is not None:
                say("a gateway responds again")
            self._since = None
            return
        now = self._clock()
        if self._since is None:
            self._since = now
            warn(
                f"{failure}; waiting for up to {in_words(self._patience)}, {self._goes_on}; events in the meantime are "
                "shown when a gateway responds again"
            )
        if now - self._since >= self._patience:
            raise CommandFailed(
                f"{failure}; gave up after {in_words(self._patience)}, {self._goes_on}",
                status=Exit.UNREACHABLE,
                hint=self._hint,
            )
