"""A driver that does not start: the reason is logged, and the worker's log messages still arrive."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ERROR = "error while loading shared libraries: libatomic.so.1"

#: Launches a browser as a worker does: Dramatiq has put a pipe for its log messages in place of sys.stderr.
LAUNCH = """
import asyncio, multiprocessing, sys
from dramatiq.compat import StreamablePipe
from engine.portal.chromium import Chromium
from engine.portal.chromium_path import BrowserMissing
from engine.portal.settings import PortalSettings

reader, writer = multiprocessing.Pipe(duplex=False)
sys.stderr = StreamablePipe(writer)
try:
    asyncio.run(Chromium.launch(PortalSettings(base_url="http://127.0.0.1:9")))
except BrowserMissing as error:
    print(error)
print("in the pipe:", reader.poll())
"""


def test_a_driver_that_ends_at_once_is_named_and_leaves_the_log_alone(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{ERROR}' >&2\nexit 127\n")
    node.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH],
        env=os.environ | {"PLAYWRIGHT_NODEJS_PATH": str(node)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ERROR in done.stderr
    assert "apt-get install libatomic1" in done.stdout
    assert "in the pipe: False" in done.stdout
