"""What a demo has on the disk: its servers' data, passwords and logs, which the next run does not use."""

from __future__ import annotations

import shutil
from pathlib import Path

from ops.local.embedded import Home
from ops.local.embedded.postgres_place import remove_data


def remove_leftovers(home: Home) -> None:
    """Removes the demo's folder, with PostgreSQL's data behind its link."""
    remove_data(home)
    shutil.rmtree(home.folder, ignore_errors=True)


def megabytes(home: Home) -> int:
    """Returns how much the demo's folder takes on the disk, with PostgreSQL's data behind its link."""
    folders = [home.folder, (home.folder / "postgres").resolve()]
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
    return round(sum(_size(path) for path in files) / 1_000_000)


def _size(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
