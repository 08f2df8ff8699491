"""A driver that does not start: the reason is logged, and the worker's log messages still arrive."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from dramatiq.compat import StreamablePipe

from engine.portal.chromium import Chromium
from engine.portal.chromium_path import BrowserMissing
from engine.portal.settings import PortalSettings

pytestmark = pytest.mark.anyio

ERROR = "error while loading shared libraries: libatomic.so.1"


async def test_a_driver_that_ends_at_once_is_named_and_leaves_the_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{ERROR}' >&2\nexit 127\n")
    node.chmod(0o755)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
    reader, writer = multiprocessing.Pipe(duplex=False)
    with reader, writer, monkeypatch.context() as patched:
        # As Dramatiq has it in a worker: messages with a length go through this pipe.
        patched.setattr("sys.stderr", StreamablePipe(writer))
        patched.setattr("sys.__stderr__", os.fdopen(2, "w", closefd=False))
        with pytest.raises(BrowserMissing, match="libatomic1"):
            await Chromium.launch(PortalSettings(base_url="http://127.0.0.1:9"))
        assert not reader.poll()
    assert ERROR in capfd.readouterr().err
