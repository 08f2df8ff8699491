"""Measures the memory, browsers and open files of this process's children, by kind of process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

MIB = 2**20

#: The switch that identifies our browsers.
MARK = "--idexx-sync-browser="

#: A part of a command line, and the kind of process that it identifies. The first match applies.
KINDS = (
    (MARK, "chromium"),
    ("chrom", "chromium"),
    ("playwright", "playwright driver"),
    ("date_scraper", "scrapers"),
    ("queues coordinator", "coordinator"),
    ("queues reconciler", "reconciler"),
    ("queues notifier", "notifier"),
    ("actors.gateway", "gateway"),
    ("nats-server", "nats-server"),
    ("postgres", "postgres"),
    ("ops.sandbox", "sandbox"),
)


@dataclass(frozen=True, slots=True)
class Use:
    """Memory in MiB: `private` would be freed if the process ended; `pss` divides shared memory among its
    users."""

    pss: float
    private: float
    processes: int
    files: int


def use_by_kind() -> dict[str, Use]:
    """Returns the use of all descendants of this process, by kind."""
    found: defaultdict[str, list[Use]] = defaultdict(list)
    for process in psutil.Process().children(recursive=True):
        try:
            kind = kind_of(" ".join(process.cmdline()))
            memory = process.memory_full_info()
            found[kind].append(Use(memory.pss / MIB, memory.uss / MIB, 1, process.num_fds()))
        except psutil.Error:
            continue  # it has just ended
    return {kind: _sum(uses) for kind, uses in sorted(found.items())}


def pss_by_kind() -> dict[str, float]:
    """Returns the proportional set size of each kind, in MiB."""
    return {kind: use.pss for kind, use in use_by_kind().items()}


def browsers() -> int:
    """Returns the number of running Chromium browsers, without their child processes.

    Debian's start script stays and has the browser's command line: only what it has started counts.
    """
    marked = {pid: parent for pid, parent, line in _processes() if MARK in line and "--type=" not in line}
    return len(marked) - len(marked.keys() & set(marked.values()))


def kind_of(line: str) -> str:
    return next((kind for word, kind in KINDS if word in line.lower()), "other")


def _sum(uses: list[Use]) -> Use:
    return Use(
        sum(use.pss for use in uses),
        sum(use.private for use in uses),
        len(uses),
        sum(use.files for use in uses),
    )


def _processes() -> Iterator[tuple[int, int, str]]:
    """Id, parent's id and command line of each descendant."""
    for process in psutil.Process().children(recursive=True):
        try:
            yield process.pid, process.ppid(), " ".join(process.cmdline())
        except psutil.Error:
            continue
