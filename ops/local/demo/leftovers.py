"""What a demo leaves on the disk: its servers' data, which the next run does not use."""

from __future__ import annotations

import shutil
from pathlib import Path

from ops.local.embedded import Home
from ops.local.embedded.postgres_place import remove_data


def remove_leftovers(home: Home) -> None:
    """Removes the data and the logs; the chosen ports stay."""
    remove_data(home)
    for name in ("nats", "logs"):
        shutil.rmtree(home.folder / name, ignore_errors=True)


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
