"""Runs the sandbox as a process: prints its address, and stops on a signal even with calls in flight."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn

from ops.sandbox.app import create_app
from ops.sandbox.portal import Portal, Settings
from ops.sandbox.replay import Replay
from ops.sandbox.request_log import Recorder

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class SandboxServer(uvicorn.Server):
    """A server that exits with status 0 on stop signals; uvicorn would raise them again."""

    def __init__(self, config: uvicorn.Config, portal: Portal) -> None:
        super().__init__(config)
        self._portal = portal

    def stop(self) -> None:
        self.should_exit = True
        # Otherwise, a call that hangs on purpose would delay the exit.
        self._portal.request_log.end_all()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets:
            host, port = sockets[0].getsockname()[:2]
            print(json.dumps({"url": f"http://{host}:{port}", "pid": os.getpid()}), flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)


def run(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    until_stdin_closes: bool = False,
    replay: Replay | None = None,
) -> None:
    """Serves until a stop signal, or until stdin closes because the parent process has ended.

    With a replay, that answers instead of the sandbox's own clinics.
    """
    asyncio.run(_serve(settings, host, port, until_stdin_closes, replay))


async def _serve(
    settings: Settings, host: str, port: int, until_stdin_closes: bool, replay: Replay | None
) -> None:
    portal = Portal(settings)
    config = uvicorn.Config(
        create_app(portal) if replay is None else Recorder(replay.app(), portal.request_log),
        http="h11",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )
    logging.getLogger("uvicorn.error").addFilter(_not_on_purpose)
    server = SandboxServer(config, portal)
    if until_stdin_closes:
        _watch_stdin(server)
    with _listen(host, port) as listener:
        await server.serve(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only if the protocol is given; with it, a response takes 40 ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _not_on_purpose(record: logging.LogRecord) -> bool:
    """A log filter that drops messages about connections that the sandbox closes on purpose."""
    return "without completing response" not in record.getMessage()


def _watch_stdin(server: SandboxServer) -> None:
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def readable() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            server.stop()

    loop.add_reader(stdin, readable)
