"""The files in which the processes of a machine count together.

prometheus-client gives each process files of its own, mapped into memory, so counting needs no lock between
processes and a killed one loses nothing. The process that is scraped reads all of them. The gauges of a dead
process are dropped; its counts are added to one file for all dead processes, so sums never fall and the number of
files stays limited.
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
    """Lets this process count in files in `folder` from now on. Raises OSError if it cannot be written.

    The folder must also be `PROMETHEUS_MULTIPROC_DIR`, which prometheus-client reads itself.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        pass
    values.ValueClass = values.MultiProcessValue(lambda: _name(getpid()))
    atexit.register(values.close_all_multiprocess_files)


def read(folder: Path) -> list[Family]:
    """The counts of all processes of the machine, and the gauges of the live ones. Blocks briefly."""
    with _locked(folder):
        _merge_ended(folder)
        return list(MultiProcessCollector(None, path=str(folder)).collect())


@cache
def _name(pid: int) -> str:
    """A name that is unique even if a process id is reused: the id and the start in centiseconds."""
    return f"{pid}-{_started(pid)}"


def _started(pid: int) -> int:
    """The start of a process, since the machine was started if Linux reports it.

    As a time of day it would change whenever the clock is set, and all live processes would count as dead. Raises
    OSError or `psutil.Error` if there is no such process.
    """
    if psutil.LINUX:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    return round(psutil.Process(pid).create_time() * 100)


def _is_alive(name: str) -> bool:
    pid, _, started = name.partition("-")
    with suppress(OSError, psutil.Error):
        return str(_started(int(pid))) == started
    return False


def _merge_ended(folder: Path) -> None:
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
    """Locks out other readers, since reading moves the counts of dead processes."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
