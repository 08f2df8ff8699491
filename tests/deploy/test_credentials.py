"""The secrets of an installation: made once, closed to others, and the ones that the settings read."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.http.keys import fingerprint
from actors.messages import Subjects
from actors.runtime.nats_options import connect_options
from actors.settings import load
from engine.store.vault import Vault
from ops.deploy.container.credentials import make
from ops.deploy.nats.server_config import Cluster
from ops.local.embedded.nats_server import find_binary

DATABASE = "postgresql://idexx:{password}@postgres:5432/idexx"


def made(folder: Path, *clinics: str, cluster: Cluster | None = None) -> dict[str, str]:
    make(folder, clinics, Subjects(), DATABASE, cluster)
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    load.cache_clear()
    yield
    load.cache_clear()


def test_what_was_made_once_stays(tmp_path: Path) -> None:
    first, again = made(tmp_path / "new"), made(tmp_path / "new", "elm-street")
    changed = {name for name in first if first[name] != again[name]}
    assert changed == {"nats-server.conf", "nats_passwords.json"}
    assert set(json.loads(again["nats_passwords.json"])) == {"worker", "ops", "clinic-elm-street"}


def test_the_folder_is_closed_and_what_is_mounted_is_readable(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    made(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes.pop("nats_passwords.json") == 0o600
    assert set(modes.values()) == {0o644}


def test_the_settings_find_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> None:
    files = made(tmp_path)
    for name in ("DATABASE_URL", "ENCRYPTION_KEY", "NATS_PASSWORD", "API_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("NATS_USER", "worker")
    settings = load()
    password = files["postgres_password"].strip()
    assert settings.need_database_url() == f"postgresql://idexx:{password}@postgres:5432/idexx"
    assert settings.encryption_key is not None
    Vault.from_ring(settings.encryption_key.get_secret_value())
    assert connect_options(settings)["password"] == files["nats_password"].strip()
    assert settings.api_keys == {fingerprint(files["api_key"].strip()): "operator"}


def test_a_variable_comes_before_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> None:
    made(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/idexx")
    assert load().need_database_url() == "postgresql://elsewhere/idexx"


@pytest.mark.parametrize("routes", [[], ["nats-0.nats:6222", "nats-1.nats:6222", "nats-2.nats:6222"]])
def test_nats_server_takes_its_configuration(tmp_path: Path, routes: list[str]) -> None:
    cluster = Cluster("0.0.0.0:6222", routes) if routes else None
    made(tmp_path, "elm-street", cluster=cluster)
    command = [find_binary(), "--name", "nats-0", "-c", str(tmp_path / "nats-server.conf"), "-t"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
