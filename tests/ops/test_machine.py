"""What starts on this machine is this machine's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.settings import load
from ops.local.embedded import Home
from ops.local.machine import Machine
from ops.local.supervision import StartFailed, Supervisor
from ops.sandbox.client import SandboxProcess


@pytest.mark.anyio
async def test_a_sandbox_of_another_that_was_quicker_to_take_the_port_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SandboxProcess(seed=7) as other:
        port = int(other.url.rpartition(":")[2])
        monkeypatch.setattr(Home, "port", lambda *_: port)
        home = Home(tmp_path)
        async with Supervisor(grace=5, say=lambda _: None, label=home.label) as supervisor:
            with pytest.raises(StartFailed, match="in use"):
                await Machine(home, supervisor, lambda _: None).start_sandbox(load())
