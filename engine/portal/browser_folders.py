"""The folders of a browser: removed with it, also when it, or its driver, or we ourselves were killed.

A folder in use is locked, and the system lets go of the lock when its process is gone, however it went. A process's
number would not do: another process may have it by now, and a container has numbers of its own.
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

#: In our folder: where the browser has made others.
LIST = "folders"

#: The locks on our own folders, which are open files.
_locks: dict[Path, int] = {}


def make_folder() -> Path:
    """Locked: whoever comes after this process may remove what it left. Its number in the name is for people."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            _locks[folder] = lock
            return folder
        os.close(lock)  # Somebody's sweep was quicker than our lock.


def remember(folder: Path, others: Iterable[Path]) -> None:
    """Writes down what is to go with the folder, if it has to be somebody else who removes it."""
    (folder / LIST).write_text("\n".join(map(str, others)))


def sweep() -> None:
    """Removes the folders of processes that are gone without having been able to clean up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _abandoned(folder):
            with contextlib.suppress(OSError):
                remove(*filter(_is_browsers, map(Path, (folder / LIST).read_text().splitlines())))
            remove(folder)


@contextmanager
def _abandoned(folder: Path) -> Iterator[None]:
    """Raises OSError where it is in use, or another user's: what that one has written there is not believed."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_uid != os.geteuid():
            raise PermissionError(f"{folder} belongs to another user")
        yield
    finally:
        os.close(lock)


def folders_of(browser: psutil.Process | None) -> list[Path]:
    """What the browser has made for itself: its profile, and the folder of the socket that its profile points to.

    Playwright and Chromium remove them as a rule, but not when they are killed.
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
    """Nothing is removed that is not plainly a browser's."""
    return folder.is_absolute() and any(word in folder.name.lower() for word in ("playwright_", "chrom"))
