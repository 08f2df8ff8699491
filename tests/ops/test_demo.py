"""The demo, as a new user runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ops.local.embedded import Home
from ops.local.temporary_machine import scatter_ports
from ops.local.watchdog.process_markers import find_marked
from tests.ops.up_process import ARGV, OURS


def test_the_demo_stores_what_the_portal_shows_twice_and_leaves_nothing(scratch: str) -> None:
    home = Home(Path(scratch) / "demo")
    scatter_ports(home)
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [*ARGV, "demo", "--json"],
        env={**kept, "IDEXX_SYNC_HOME": scratch, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"ok": True, "differences": {"cedar-creek": [], "harbour-lane": []}}
    assert "the dashboard is at http://127.0.0.1:" in done.stderr
    assert done.stderr.count("records: every field equals the portal's") == 2
    assert "12 added, 10 moved, 4 removed, 14 updated" in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) <= 2 * 24, "two screens"
    assert max(map(len, lines)) <= 80
    assert find_marked(home.label) == []
    assert not home.folder.exists()
