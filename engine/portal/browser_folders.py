"""The temporary folders of a browser: removed with it, even if it, its driver or this process was killed.

A folder in use is locked, and the system releases the lock when its process ends in any way. A process id would
not do: another process may have it by now, and a container has ids of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PREFIX = "idexx-sync-browser-"

#: File in our folder that lists the folders that the browser has made elsewhere.
LIST = "folders"

#: The locks on our own folders, which are open files.
_locks: dict[Path, int] = {}


def make_folder() -> Path:
    """Makes a locked folder, which a later process removes once this one is gone.

    The process id in its name is for people.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # The sweep of another process was quicker than this call.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            _locks[folder] = lock
            return folder
        os.close(lock)  # It was quicker than our lock.


def remember(folder: Path, others: Iterable[Path]) -> None:
    """Writes down which folders are to be removed with this one, in case another process has to do it."""
    (folder / LIST).write_text("\n".join(map(str, others)))


def sweep() -> None:
    """Removes the folders of processes that ended without cleaning up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _abandoned(folder):
            with contextlib.suppress(OSError):
                remove(*filter(_is_browsers, map(Path, (folder / LIST).read_text().splitlines())))
            remove(folder)


@contextmanager
def _abandoned(folder: Path) -> Iterator[None]:
    """Locks an abandoned folder. Raises OSError if it is in use or belongs to another, untrusted user."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_uid != os.geteuid():
            raise PermissionError(f"{folder} belongs to another user")
        yield
    finally:
        os.close(lock)


def folders_of(browser: psutil.Process | None) -> list[Path]:
    """The folders that the browser has made: its profile, and the folder of the socket to which the profile
    points.

    Playwright and Chromium normally remove them, but not when they are killed.
    """
    with contextlib.suppress(psutil.Error, OSError):
        for argument in browser.cmdline() if browser else ():
            name, _, value = argument.partition("=")
            if name == "--user-data-dir":
                socket = Path(value, "SingletonSocket")
                folders = [Path(value), *([socket.readlink().parent] if socket.is_symlink() else [])]
                return list(filter(_is_browsers, folders))
    return []


def remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        if (lock := _locks.pop(folder, None)) is not None:
            os.close(lock)


def _is_browsers(folder: Path) -> bool:
    """Whether the folder is plainly a browser's; no other is removed."""
    return folder.is_absolute() and any(word in folder.name.lower() for word in ("playwright_", "chrom"))
