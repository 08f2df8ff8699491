"""What ops/setup decides, with stand-ins for the programs that it would fetch things with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASICS = ("bash", "cat", "cksum", "dirname", "env", "grep", "head", "id", "mkdir", "rm", "sed", "tail", "uname")

#: uv's part of a lock.
UV = "uv==3 \\\n    --hash=sha256:3 \\\n    --hash=sha256:33\n"


class Place:
    """A clone with its own PATH, on which is only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.clone, self.bin, self.calls = folder / "clone", folder / "bin", folder / "calls"
        (self.clone / "ops").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "ops" / "setup", self.clone / "ops")
        (self.clone / "pyproject.toml").write_text("")
        for name in ("requirements-dev.lock", "requirements-demo.lock"):
            (self.clone / name).write_text(f"one==1 \\\n    --hash=sha256:1\n{UV}two==2 \\\n    --hash=sha256:2\n")
        for name in BASICS:
            (self.bin / name).symlink_to(shutil.which(name) or f"/bin/{name}")

    def program(self, name: str, does: str = "") -> None:
        """A program that notes how it was called."""
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.calls}\n{does}\n')
        path.chmod(0o755)

    def python(self, version: tuple[int, int] = (3, 11)) -> None:
        """This Python, or one that is too old; its pip makes a uv that notes how it was called."""
        path = self.bin / "python3"
        old = 'case "$*" in *version_info*) exit 1;; esac\n' if version < (3, 11) else ""
        path.write_text(f'#!/bin/bash\n{old}{self._pip()}exec {sys.executable} "$@"\n')
        path.chmod(0o755)

    def _pip(self) -> str:
        uv, venv = self.clone / ".venv/bin/uv", self.clone / ".venv"
        return f"""[ "$1" != -c ] || exec {sys.executable} "$@"
case "$*" in
*"-m pip"*" config list") echo "global.index-url='https://mirror.example/simple'"; exit;;
*"-m pip"*" install "*)
    echo "pip $*" >> {self.calls}
    case "$*" in *uv.lock) cat {self.clone}/.cache/uv.lock >> {self.calls};; *) exit;; esac
    [ ! -e {self.bin}/no-uv ] || exit 1
    printf '#!/bin/bash\\necho "own uv $* from $UV_DEFAULT_INDEX" >> {self.calls}\\n' > {uv}
    /bin/chmod +x {uv}; exit;;
*"-m pip"*) exit;;
*"-m venv"*) exec {sys.executable} -m venv --without-pip {venv};;
esac
"""

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "bash", self.clone / "ops" / "setup", *arguments],
            env={"PATH": str(self.bin), "SBIN": "", "HOME": str(self.clone.parent), **environment},
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
    # Like `uv venv PATH`, as far as ops/setup can see.
    one.program("uv", f'[ "$1" != venv ] || {sys.executable} -m venv --without-pip "${{@: -1}}"')
    return one


@pytest.fixture
def debian() -> None:
    if "\nID=debian\n" not in Path("/etc/os-release").read_text():
        pytest.skip("this system is not Debian")


def test_uv_installs_the_lock_with_hashes_and_then_the_project_alone(place: Place) -> None:
    done = place.run()
    assert done.returncode == 0, done.stderr
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
    assert "installing the packages" in place.run().stderr


def test_a_python_that_is_too_old_is_not_taken(place: Place) -> None:
    place.python((3, 10))
    done = place.run()
    assert done.returncode == 1
    assert "no Python 3.11 or newer was found: install one, or set PYTHON to it" in done.stderr
    chosen = place.run(PYTHON="python3")
    assert "PYTHON=python3 is not Python 3.11 or newer" in chosen.stderr


def test_a_browser_that_was_named_must_run(place: Place) -> None:
    done = place.run(CHROMIUM_PATH="/no/such/browser")
    assert done.returncode == 1
    assert "CHROMIUM_PATH=/no/such/browser is not a browser that runs" in done.stderr
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


def test_the_demo_gets_its_own_lock_and_developers_have_all_of_it(place: Place) -> None:
    assert place.run("demo").returncode == 0
    assert [call for call in place.called() if call.endswith("--require-hashes -r requirements-demo.lock")]
    assert "installing the packages of requirements-dev.lock" in place.run().stderr
    assert place.run("demo").stderr == ""


def test_each_step_says_what_it_does_and_how_long_it_took(place: Place) -> None:
    steps = re.findall(r"· (.*)\n  ✓ \d+\.\d s\n", place.run().stderr)
    assert [step.partition(" (")[0] for step in steps] == [
        "creating .venv",
        "installing the packages of requirements-dev.lock with uv",
    ]


def test_without_uv_pip_brings_it_from_the_lock_with_its_hashes(place: Place) -> None:
    (place.bin / "uv").unlink()
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "fetching uv from requirements-dev.lock with pip" in done.stderr
    brought, *lock_and_uv = [call for call in place.called() if not call.startswith("chromium")]
    assert "--no-deps --require-hashes -r .cache/uv.lock" in brought
    assert "\n".join(lock_and_uv).startswith(UV)
    used = [call for call in lock_and_uv if call.startswith("own uv pip install")]
    assert len(used) == 2
    assert all(call.endswith("from https://mirror.example/simple") for call in used), (
        "uv does not read pip's settings"
    )


def test_a_uv_that_cannot_do_it_is_replaced_by_the_one_of_the_lock(place: Place) -> None:
    place.program("uv", "exit 1")
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "bin/uv failed" in done.stderr
    assert any(call.startswith("own uv pip install") for call in place.called())


def test_when_no_uv_can_be_had_pip_installs_the_packages(place: Place) -> None:
    (place.bin / "uv").unlink()
    (place.bin / "no-uv").touch()
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "with pip, which takes a minute" in done.stderr
    assert any(call.endswith("--require-hashes -r requirements-dev.lock") for call in place.called())


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get is asked as root, or with sudo")
def test_the_browser_of_debian_is_installed_beside_the_packages(place: Place, debian: None) -> None:
    (place.bin / "chromium").unlink()
    shell = place.bin / "chromium-headless-shell"
    place.program("apt-get", f'case "$*" in *"install"*headless-shell*) /bin/ln -s /bin/true {shell};; esac')
    done = place.run()
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("·")]
    assert [line for line in said if "chromium-headless-shell" in line] == [said[0]]
    assert "Playwright" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="apt-get is asked as root, or with sudo")
def test_developers_get_what_tests_use_where_apt_has_it_and_a_failure_is_not_repeated(place: Place) -> None:
    place.program("apt-get", 'case "$*" in *"install"*) exit 1;; esac')
    assert place.run("demo").returncode == 0
    assert not any(call.startswith("apt-get") for call in place.called())
    done = place.run()
    assert done.returncode == 0, done.stderr
    for name in ("pgbouncer", "fish", "prometheus-alertmanager"):
        assert f"Debian's {name}, which only tests use\n  ✗ failed" in done.stderr
    assert (place.run().returncode, place.run().stderr) == (0, "")
    (place.clone / ".cache/no-pgbouncer").unlink()
    bouncer = place.bin / "pgbouncer"
    place.program("apt-get", f'case "$*" in *"install"*pgbouncer*) /bin/ln -s /bin/true {bouncer};; esac')
    assert "Debian's pgbouncer, which only tests use\n  ✓" in place.run().stderr
    assert place.run().stderr == ""


def test_developers_get_the_npm_packages_of_tests_and_a_failure_is_repeated_only_for_another_lock(
    place: Place,
) -> None:
    lock, packages = place.clone / "ops/dev/npm/package-lock.json", place.clone / ".cache/npm/node_modules"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    (lock.parent / "package.json").write_text("{}")
    place.program("npm", f"/bin/mkdir -p {packages}; exit 1")
    assert place.run("demo").returncode == 0
    assert not any(call.startswith("npm") for call in place.called())
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "npm packages of ops/dev/npm, for tests\n  ✗ failed" in done.stderr
    assert not packages.exists()
    assert (place.run().returncode, place.run().stderr) == (0, "")
    lock.write_text('{"version": 2}')
    place.program("npm", f"/bin/mkdir -p {packages}")
    assert "npm packages of ops/dev/npm, for tests\n  ✓" in place.run().stderr
    assert packages.exists()
    assert place.run().stderr == ""
