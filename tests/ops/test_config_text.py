"""A nats-server reads every text that its configuration may hold."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from pathlib import Path

from actors.messages import Subjects
from ops.deploy.nats.config_text import config_text
from ops.deploy.nats.server_config import Server, render
from ops.local.embedded.nats_server import find_binary


def test_characters_that_json_escapes_stand_for_themselves_or_as_bytes() -> None:
    assert config_text({"zoë": 'a"b\\c'}) == '{"zoë": "a\\"b\\\\c"}'
    assert config_text("\b\f\x07\\u0007\n") == '"\\x08\\x0c\\x07\\\\u0007\\n"'


def test_a_server_takes_a_store_of_any_name(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text(
        render(
            Server(store=tmp_path / 'zoë "猫" \x07\b'), Subjects("idexx"), ["elm"], defaultdict(lambda: "secret")
        )
    )
    done = subprocess.run([find_binary(), "-c", config, "-t"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
