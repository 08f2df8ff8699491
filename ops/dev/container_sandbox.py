"""Runs a program like the container: `python -m ops.dev.container_sandbox -- chromium …`. Requires Linux, root.

The program runs unprivileged, without capabilities, without a way to gain any, and under a seccomp profile in
the format of Docker and Kubernetes. Only the parts of that format that `seccomp.json` uses are supported.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROFILE = Path(__file__).parents[1] / "deploy/container/seccomp.json"

#: The user id that the program runs as; no user has it.
USER = 10001

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 38, 24
_NOT_HERE = -1


def refused(profile: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yields each refused system call with the error number that it returns."""
    if profile["defaultAction"] != "SCMP_ACT_ALLOW":
        raise ValueError("only profiles that allow unlisted calls are supported")
    for group in profile["syscalls"]:
        if group["action"] != "SCMP_ACT_ERRNO" or "args" in group:
            raise ValueError(f"not supported: {group}")
        for name in group["names"]:
            yield name, group["errnoRet"]


def confine(profile: dict[str, Any]) -> None:
    """Confines this process and all its children permanently. Raises OSError if the kernel refuses."""
    libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2", use_errno=True)
    capabilities = range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1)
    for capability in capabilities:
        _check(libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0))
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(_ALLOW))
    for name, error in refused(profile):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number != _NOT_HERE:
            _check(seccomp.seccomp_rule_add(rules, ctypes.c_uint32(_ERRNO | error), number, 0))
    _check(seccomp.seccomp_load(rules))


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno() or -result, "the kernel refuses the sandbox")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.dev.container_sandbox", description=__doc__)
    parser.add_argument("--profile", type=Path, default=PROFILE)
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    confine(json.loads(arguments.profile.read_text()))
    os.execvp(arguments.program[0], arguments.program)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
