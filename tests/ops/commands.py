"""Runs commands in forks of a process that has imported them: importing takes most of a command's time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

#: Of one command. Seconds.
TIME_LIMIT = 120.0

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.ops.imported_commands"])


def run_command(
    arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path, given: str | None
) -> subprocess.CompletedProcess[str]:
    """Runs `idexx-sync` with these arguments in `folder`, without a terminal. `given`: its input."""
    with TemporaryDirectory(prefix="idexx-test-command-") as name:
        files = [Path(name) / stream for stream in ("stdin", "stdout", "stderr")]
        files[0].write_text(given or "")
        process = _PROCESSES.Process(target=_run, args=(arguments, dict(environment), folder, files))
        process.start()
        try:
            process.join(TIME_LIMIT)
            if process.exitcode is None:
                raise subprocess.TimeoutExpired(arguments, TIME_LIMIT)
        finally:
            process.kill()
            process.join()
        output, errors = (file.read_text() for file in files[1:])
    return subprocess.CompletedProcess(arguments, process.exitcode, output, errors)


def _run(arguments: tuple[str, ...], environment: dict[str, str], folder: Path, files: list[Path]) -> None:
    from ops.cli import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number, file in enumerate(files):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = ["idexx-sync", *arguments]
    sys.exit(main(arguments))
