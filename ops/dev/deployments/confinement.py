"""What the kernel says about how a process and its browser are confined."""

from __future__ import annotations

from collections.abc import Sequence
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

    With its sandbox, Chromium's children are in a user namespace of their own, and its renderers cannot make the
    calls that its own filters refuse. Without it, they share the user namespace of the worker.
    """
    browser = [it for it in descendants(pid) if any("type=" in word for word in it.cmdline())]
    renderers = [it for it in browser if "--type=renderer" in it.cmdline()]
    zygotes = [it for it in browser if "--type=zygote" in it.cmdline()]
    if not zygotes:
        raise Failed(f"{name}: no Chromium runs below process {pid}")
    for process in (it for it in descendants(pid) if "--no-sandbox" in it.cmdline()):
        raise Failed(f"{name}: process {process.pid} runs with --no-sandbox")
    own = namespace(pid, "user")
    for process in renderers or zygotes[-1:]:
        if namespace(process.pid, "user") == own:
            raise Failed(f"{name}: Chromium's process {process.pid} is not in a user namespace of its own")
    return len(browser)


def descendants(pid: int) -> Sequence[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def namespace(pid: int, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
