"""The folders of a browser: removed with it, also when it, or its driver, or we ourselves were killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

PREFIX = "idexx-sync-browser-"

#: In our folder: where the browser has made others.
LIST = "folders"


def make_folder() -> Path:
    """Named after this process: whoever comes after it may remove what it left."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def remember(folder: Path, others: Iterable[Path]) -> None:
    """Writes down what is to go with the folder, if it has to be somebody else who removes it."""
    (folder / LIST).write_text("\n".join(map(str, others)))


def sweep() -> None:
    """Removes the folders of processes that are gone without having been able to clean up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            with contextlib.suppress(OSError):
                remove(*filter(_is_browsers, map(Path, (folder / LIST).read_text().splitlines())))
            remove(folder)


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


def _is_browsers(folder: Path) -> bool:
    """Nothing is removed that is not plainly a browser's."""
    return folder.is_absolute() and any(word in folder.name.lower() for word in ("playwright_", "chrom"))
