"""The files in which the processes of a machine count together.

prometheus-client gives each process files of its own, mapped into memory, so that counting costs no lock between
processes and a killed one loses nothing. Whoever is scraped reads all of them. The gauges of a dead process are
forgotten; what it counted is added to one file for all the dead, so that sums never fall and the number of files
stays bounded.
"""

from __future__ import annotations

import atexit
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from os import getpid
from pathlib import Path

import psutil
from prometheus_client import Metric as Family
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

#: Stands for all dead processes in the name of a file.
ENDED = "ended"


def share(folder: Path) -> None:
    """What this process counts from now on goes to files in `folder`. Raises OSError if that cannot be written.

    The folder must also be `PROMETHEUS_MULTIPROC_DIR`: prometheus-client asks nobody else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        pass
    values.ValueClass = values.MultiProcessValue(lambda: _name(getpid()))
    atexit.register(values.close_all_multiprocess_files)


def read(folder: Path) -> list[Family]:
    """What all processes of the machine have counted, and what those that live measure. It blocks for a moment."""
    with _locked(folder):
        _bury_the_dead(folder)
        return list(MultiProcessCollector(None, path=str(folder)).collect())


@cache
def _name(pid: int) -> str:
    """Tells processes apart, also when a number is used again: the process id and its start in centiseconds."""
    return f"{pid}-{_started(pid)}"


def _started(pid: int) -> int:
    """Since the machine was started, where Linux tells it: as a time of day it moves whenever the clock is set, and
    all who live would be taken for dead. Raises OSError or `psutil.Error` if there is no such process."""
    if psutil.LINUX:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    return round(psutil.Process(pid).create_time() * 100)


def _is_alive(name: str) -> bool:
    pid, _, started = name.partition("-")
    with suppress(OSError, psutil.Error):
        return str(_started(int(pid))) == started
    return False


def _bury_the_dead(folder: Path) -> None:
    for path in folder.glob("*.db"):
        kind, name = path.stem.split("_")[0], path.stem.rpartition("_")[2]
        if name == ENDED or _is_alive(name):
            continue
        if kind != "gauge":
            _add(path, folder / f"{kind}_{ENDED}.db")
        path.unlink(missing_ok=True)


def _add(path: Path, to: Path) -> None:
    total = MmapedDict(str(to))
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
        total.write_value(key, total.read_value(key)[0] + value, 0.0)
    total.close()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One reader at a time, since reading moves what the dead have counted."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
