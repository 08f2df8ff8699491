"""The units, as systemd itself reads them. It need not run for that."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from actors.settings import Settings

UNITS = Path(__file__).parents[2] / "ops/deploy/systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
LASTING = [name for name in SERVICES if "migrate" not in name]
PROGRAM = "/opt/idexx-sync/bin/idexx-sync"

#: On systemd's scale from 0 to 10, times ten: "OK" begins below 50.
EXPOSURE = 30

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with a program that exists."""
    program = tmp_path / "idexx-sync"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace(PROGRAM, str(program)))
    return tmp_path


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def settings_of(name: str) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in (UNITS / name).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.startswith("#"):
            found[key].append(value)
    return found


@needs_systemd
def test_systemd_finds_nothing_wrong(installed: Path) -> None:
    units = [
        name.replace("worker@.", "worker@coordinator.").replace("scraper@.", "scraper@1.") for name in SERVICES
    ]
    done = analyze(installed, "verify", *(f"./{name}" for name in ["idexx-sync.target", *units]))
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_shows_little_of_the_system_to_what_it_runs(name: str, installed: Path) -> None:
    done = analyze(installed, "security", "--offline=yes", f"--threshold={EXPOSURE}", f"./{name}")
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("name", LASTING)
def test_a_process_has_its_time_to_stop_and_is_started_again(name: str) -> None:
    unit = settings_of(name)
    grace = int(" ".join(unit["Environment"]).partition("SHUTDOWN_GRACE_MS=")[2].split()[0]) / 1000
    assert float(unit["TimeoutStopSec"][0]) > grace
    assert (unit["Restart"], unit["KillMode"]) == (["always"], ["mixed"])


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_credentials_that_the_settings_know(name: str) -> None:
    unit = settings_of(name)
    credentials = {value.partition(":")[0] for value in unit["LoadCredential"]}
    assert "database_url" in credentials
    assert credentials <= set(Settings.model_fields)
    assert not any(secret.upper() in value for secret in credentials for value in unit["Environment"])
