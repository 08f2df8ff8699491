"""The folders of a browser: removed with it, also when it, or its driver, or we ourselves were killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psutil

PREFIX = "idexx-sync-browser-"


def make_folder() -> Path:
    """Named after this process: whoever comes after it may remove what it left."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def sweep() -> None:
    """Removes the folders of processes that are gone without having been able to clean up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def folders_of(browser: psutil.Process | None) -> list[Path]:
    """What the browser has made for itself: its profile, and the folder of the socket that its profile points to.

    Playwright and Chromium remove them as a rule, but not when they are killed.
    """
    with contextlib.suppress(psutil.Error, OSError):
        for argument in browser.cmdline() if browser else ():
            name, _, value = argument.partition("=")
            profile = Path(value)
            if name == "--user-data-dir" and profile.name.startswith("playwright"):
                return [profile, *_socket_folder(profile / "SingletonSocket")]
    return []


def _socket_folder(link: Path) -> list[Path]:
    """Nothing is removed that is not plainly Chromium's."""
    folder = link.readlink().parent if link.is_symlink() else None
    return [folder] if folder is not None and "chrom" in folder.name.lower() else []


def remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
