"""Stops the supervisor's children when the supervisor itself was killed.

The supervisor holds the other end of this process's standard input and writes one JSON line for each child
that it starts. The input ends when the supervisor does: after `"done"`, in order; without it, because it was
killed, and then this process stops the children stage by stage. A pipe works on every system, and a
separate process survives what kills the supervisor.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterable
from typing import Any

import psutil

from ops.local.watchdog.process_markers import kill, kill_group, kill_marked, send, still_alive


def main(arguments: list[str]) -> None:
    mark, grace = arguments[0], float(arguments[1])
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    children = listen(sys.stdin)
    if children is None:
        return
    for stage in sorted({child["stage"] for child in children.values()}):
        stop([child for child in children.values() if child["stage"] == stage], grace)
    kill_marked(mark)


def listen(lines: Iterable[str]) -> dict[int, dict[str, Any]] | None:
    """Returns the children that were alive when the input ended; None after an orderly end."""
    children: dict[int, dict[str, Any]] = {}
    for line in lines:
        message = json.loads(line)
        if message == "done":
            return None
        if message["signal"] is None:
            children.pop(message["pid"], None)
            continue
        try:
            # psutil.Process remembers the start time, so a reused id is not mistaken for the child.
            children[message["pid"]] = message | {"process": psutil.Process(message["pid"])}
        except psutil.NoSuchProcess:
            continue
    return children


def stop(children: list[dict[str, Any]], grace: float) -> None:
    for child in children:
        send(child["process"], child["signal"])
    kill(still_alive([child["process"] for child in children], grace))
    for child in children:
        kill_group(child["pid"])


if __name__ == "__main__":
    main(sys.argv[1:])
