"""Chooses the user that runs PostgreSQL when root starts it, because PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from engine.errors import ExpectedError

USER = "idexx-sync"

#: Timeout of creating the user. Seconds.
TIMEOUT = 30


class NoUnprivilegedUser(ExpectedError):
    """This process runs as root, and there is no other user for PostgreSQL."""


def unprivileged_user(say: Callable[[str], None]) -> str | None:
    """Returns None unless this process runs as root; then a system user, created on first use."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER).pw_name
    except KeyError:
        say(f"PostgreSQL does not run as root: creating the system user {USER}")
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not useradd:
        raise NoUnprivilegedUser(
            "PostgreSQL does not run as root, and there is no useradd to create a user for it: "
            f"create a user named {USER}, run this as an ordinary user, or set DATABASE_URL"
        )
    argv = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode and not _exists():
        raise NoUnprivilegedUser(
            f"the user {USER} could not be created: {done.stderr.strip()}; or set DATABASE_URL"
        )
    return USER


def as_owner(path: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def _exists() -> bool:
    try:
        return bool(pwd.getpwnam(USER))
    except KeyError:
        return False
