"""`idexx-sync nats-config`: what it writes, and for whom."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ops.cli import main
from ops.client.exit_status import Exit
from ops.local.embedded.nats_server import find_binary


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IDEXX_SYNC_HOME", str(tmp_path / "home"))


def test_the_files_are_for_their_owner_only_and_a_password_stays(tmp_path: Path) -> None:
    out = tmp_path / "nats"
    assert main(["nats-config", "elm", "--out", str(out)]) == Exit.OK
    before = json.loads((out / "passwords.json").read_text())
    assert main(["nats-config", "oak", "elm", "--out", str(out)]) == Exit.OK
    after = json.loads((out / "passwords.json").read_text())
    assert set(after) == {"worker", "ops", "clinic-elm", "clinic-oak"}
    assert after.items() >= before.items()
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    assert out.stat().st_mode & 0o777 == 0o700
    subprocess.run([find_binary(), "-c", str(out / "nats-server.conf"), "-t"], check=True, capture_output=True)


def test_a_clinic_that_leaves_loses_its_password(tmp_path: Path) -> None:
    out = tmp_path / "nats"
    assert main(["nats-config", "elm", "oak", "--out", str(out)]) == Exit.OK
    assert main(["nats-config", "elm", "--out", str(out)]) == Exit.OK
    written = (out / "passwords.json").read_text() + (out / "nats-server.conf").read_text()
    assert "clinic-elm" in written
    assert "clinic-oak" not in written
    assert ".oak" not in written


def test_it_listens_on_loopback_by_default(tmp_path: Path) -> None:
    out = tmp_path / "nats"
    assert main(["nats-config", "elm", "--out", str(out)]) == Exit.OK
    text = (out / "nats-server.conf").read_text()
    config = json.loads(text[text.index("{") :])
    assert (config["listen"], config["http"]) == ("127.0.0.1:4222", "127.0.0.1:8222")


def test_a_slug_that_would_mean_something_in_a_subject_is_refused(tmp_path: Path) -> None:
    assert main(["nats-config", "elm.>", "--out", str(tmp_path / "nats")]) == Exit.USAGE
    assert not (tmp_path / "nats").exists()
