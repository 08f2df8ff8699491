"""What ops/setup decides, with stand-ins for the programs that it would fetch things with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASICS = ("bash", "cat", "cksum", "dirname", "env", "id", "mkdir", "rm", "sed", "tail", "uname")


class Place:
    """A clone with its own PATH, on which is only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.clone, self.bin, self.calls = folder / "clone", folder / "bin", folder / "calls"
        (self.clone / "ops").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "ops" / "setup", self.clone / "ops")
        for name in ("requirements-dev.lock", "pyproject.toml"):
            (self.clone / name).write_text("")
        for name in BASICS:
            (self.bin / name).symlink_to(shutil.which(name) or f"/bin/{name}")

    def program(self, name: str, does: str = "") -> None:
        """A program that notes how it was called."""
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.calls}\n{does}\n')
        path.chmod(0o755)

    def python(self, version: tuple[int, int] = (3, 11)) -> None:
        """This Python, or one that is too old."""
        path = self.bin / "python3"
        old = 'case "$*" in *version_info*) exit 1;; esac\n' if version < (3, 11) else ""
        path.write_text(f'#!/bin/bash\n{old}exec {sys.executable} "$@"\n')
        path.chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "bash", self.clone / "ops" / "setup"],
            env={"PATH": str(self.bin), "HOME": str(self.clone.parent), **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    one = Place(tmp_path)
    one.python()
    one.program("chromium")
    # As `uv venv PATH` does, as far as set-up can tell.
    one.program("uv", f'[ "$1" != venv ] || {sys.executable} -m venv --without-pip "${{@: -1}}"')
    return one


def test_uv_installs_the_lock_with_hashes_and_then_the_project_alone(place: Place) -> None:
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "making .venv with uv" in done.stderr
    calls = [call for call in place.called() if call.startswith("uv pip install")]
    assert [call.endswith("--require-hashes -r requirements-dev.lock") for call in calls] == [True, False]
    assert calls[1].endswith("--no-deps --no-build-isolation -e .")


def test_a_second_run_does_nothing_and_says_nothing_until_the_lock_changes(place: Place) -> None:
    assert place.run().returncode == 0
    before = place.called()
    again = place.run()
    assert (again.returncode, again.stdout + again.stderr) == (0, "")
    assert [call for call in place.called()[len(before) :] if call.startswith("uv")] == []
    (place.clone / "requirements-dev.lock").write_text("# changed")
    assert "making .venv" in place.run().stderr


def test_a_python_that_is_too_old_is_not_taken(place: Place) -> None:
    place.python((3, 10))
    done = place.run()
    assert done.returncode == 1
    assert "no Python 3.11 or newer was found: install one, or set PYTHON to it" in done.stderr
    chosen = place.run(PYTHON="python3")
    assert "PYTHON=python3 is no Python 3.11 or newer" in chosen.stderr


def test_a_browser_that_was_named_must_run(place: Place) -> None:
    done = place.run(CHROMIUM_PATH="/no/such/browser")
    assert done.returncode == 1
    assert "CHROMIUM_PATH=/no/such/browser is no browser that runs" in done.stderr
    assert "No such file or directory" in done.stderr


def test_a_browser_that_is_only_a_stub_is_passed_over(place: Place) -> None:
    place.program("chromium", "exit 1")
    place.program("google-chrome")
    assert place.run().returncode == 0


def test_without_a_browser_and_a_way_to_get_one_it_says_what_to_do(place: Place) -> None:
    (place.bin / "chromium").unlink()
    done = place.run()
    assert done.returncode == 1
    assert "Playwright could not bring a Chromium: install one, and set CHROMIUM_PATH to it" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get is asked as root, or with sudo")
def test_the_distributions_chromium_is_the_last_resort(place: Place) -> None:
    (place.bin / "chromium").unlink()
    stub = place.bin / "chromium"
    place.program("apt-get", f'case "$*" in *"install"*chromium*) /bin/ln -s /bin/true {stub};; esac')
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert next(call for call in place.called() if call.startswith("apt-get")).endswith("update")


def test_when_uv_cannot_do_it_pip_does(place: Place) -> None:
    place.program("uv", "exit 1")
    done = place.run()
    assert "uv could not do it" in done.stderr
    assert "making .venv with pip" in done.stderr
