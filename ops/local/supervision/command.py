"""A named command that the supervisor starts."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path


class Stage(IntEnum):
    """The order in which processes are stopped: those that accept work first, those that store it last."""

    GATEWAY = 1
    WORKERS = 2
    SERVERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command. `name` is unique and shown to users; `environment` is added to the supervisor's own.

    `log`: the output goes to this file instead of to the supervisor. `user` requires that the supervisor is root.
    `ready` returns whether the process can be used; without it, the process is ready as soon as it runs.
    """

    name: str
    argv: tuple[str, ...]
    stage: Stage = Stage.WORKERS
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_timeout: float = 30.0
