"""What the kernel says about how a process and its browser are confined."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from ops.dev.deployments.steps import Failed

#: The lines of /proc/PID/status that a confined process has.
NOTHING = "0000000000000000"


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def check_confined(name: str, pid: int) -> None:
    """Raises `Failed` unless the process is unprivileged, without capabilities and without a way to gain any."""
    found = status_of(pid)
    expected = {"NoNewPrivs": "1", "CapEff": NOTHING, "CapPrm": NOTHING, "CapBnd": NOTHING, "Seccomp": "2"}
    wrong = [f"{key} {found[key]}, not {value}" for key, value in expected.items() if found[key] != value]
    if 0 in map(int, found["Uid"].split()):
        wrong.append(f"user {found['Uid']}")
    if wrong:
        raise Failed(f"{name} (process {pid}): {'; '.join(wrong)}")


def check_browser(name: str, pid: int) -> int:
    """Raises `Failed` unless a Chromium runs below the process, with its sandbox. Returns its number of processes.

    With its sandbox, Chromium's children are in a user namespace of their own. Without it, they share that of the
    worker.
    """
    browser = [it for it in descendants(pid) if any(word.startswith("--type=") for word in it.words)]
    confined = [it for it in browser if {"--type=renderer", "--type=zygote"} & {*it.words}]
    if not confined:
        raise Failed(f"{name}: no Chromium runs below process {pid}")
    for process in (it for it in descendants(pid) if "--no-sandbox" in it.words):
        raise Failed(f"{name}: process {process.pid} runs with --no-sandbox")
    # The first zygote only forks the second one, which is confined with all that it forks.
    if not {namespace(it.pid, "user") for it in confined} - {namespace(pid, "user")}:
        raise Failed(f"{name}: no process of Chromium is in a user namespace of its own")
    for process in (it for it in confined if "--type=renderer" in it.words):
        if namespace(process.pid, "user") == namespace(pid, "user"):
            raise Failed(f"{name}: Chromium's renderer {process.pid} is not in a user namespace of its own")
    return len(browser) + 1


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    name: str
    words: Sequence[str]


def descendants(pid: int) -> list[Process]:
    """Returns the processes below a process; those that end while they are looked at are left out."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found.append(Process(process.pid, process.name(), process.cmdline()))
    return found


def namespace(pid: int, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
