"""Runs the commands of a check, each with a timeout, and prints what they found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]

#: Default timeout of one command. Seconds.
LIMIT = 120.0

#: Seconds between two looks at a condition.
INTERVAL = 0.5


class Failed(Exception):
    """A command or a check failed; the message explains why."""


def run(
    *command: str | Path,
    stdin: str = "",
    limit: float = LIMIT,
    environment: Mapping[str, str] | None = None,
    statuses: Collection[int] = (0,),
    cwd: Path = ROOT,
) -> str:
    """Runs a command and returns its output. Raises `Failed` unless its exit status is one of `statuses`."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{' '.join(words)[:300]}: {error}") from error
    if done.returncode not in statuses:
        output = (done.stdout + done.stderr)[-2000:]
        raise Failed(f"{' '.join(words)[:300]}: exit status {done.returncode}\n{output}")
    return done.stdout


def until(condition: Callable[[], bool], what: str, limit: float = LIMIT) -> float:
    """Waits for a condition, and returns the seconds that it took. Raises `Failed` after `limit` seconds."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > limit:
            raise Failed(f"not after {limit:.0f} s: {what}")
        time.sleep(INTERVAL)
    return time.monotonic() - begun


def install(programs: Mapping[str, str]) -> None:
    """Installs the Debian packages of the programs that this machine lacks. Raises `Failed` without apt."""
    missing = sorted({package for program, package in programs.items() if not shutil.which(program)})
    if not missing:
        return
    say(f"installing {', '.join(missing)}")
    run("apt-get", "-q", "update", limit=300)
    options = ("-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "-q", "install", *options, *missing, limit=600, environment=environment)


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def passed(text: str) -> None:
    print(f"✓ {text}", file=sys.stderr, flush=True)
