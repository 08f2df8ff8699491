"""A second Ctrl-C ends also what the first one has not reached."""

from __future__ import annotations

import signal
import subprocess
import sys

DEAF = """
import asyncio, contextlib, sys
from ops.local.supervision import supervise

async def main(supervisor):
    print("runs", flush=True)
    with contextlib.suppress(asyncio.CancelledError):  # as it is lost where an answer comes at the same moment
        await asyncio.Event().wait()
    await asyncio.Event().wait()

sys.exit(asyncio.run(supervise(main, say=lambda line: print(line, flush=True), grace=1)))
"""


def test_a_second_signal_ends_also_what_the_first_one_has_not_reached() -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "runs\n"
            process.send_signal(signal.SIGTERM)
            assert "a second signal" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 128 + signal.SIGTERM
        finally:
            process.kill()
