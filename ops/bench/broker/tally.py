"""A file that all processes map: how many messages were run, when the first one was, and how late each came."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

#: For each worker process: its number, its count and the time of its first message.
SLOT = struct.Struct("<QQd")
SLOTS = 16
LATENCIES = 20_000
SIZE = SLOTS * SLOT.size + LATENCIES * 8


class Tally:
    """Written by worker processes without a lock: each has a slot, each message its place."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)
        self._place = -1
        self._count = 0

    @staticmethod
    def create(path: Path) -> Tally:
        path.write_bytes(bytes(SIZE))
        return Tally(path)

    def add(self, now: float) -> None:
        if self._place < 0:
            self._claim(now)
        self._count += 1
        struct.pack_into("<Q", self._map, self._place * SLOT.size + 8, self._count)

    def add_latency(self, number: int, seconds: float) -> None:
        struct.pack_into("<d", self._map, SLOTS * SLOT.size + number * 8, seconds)

    @property
    def count(self) -> int:
        return sum(SLOT.unpack_from(self._map, place * SLOT.size)[1] for place in range(SLOTS))

    @property
    def first(self) -> float:
        times = [SLOT.unpack_from(self._map, place * SLOT.size)[2] for place in range(SLOTS)]
        return float(min(at for at in times if at))

    def latencies(self, count: int) -> list[float]:
        return sorted(struct.unpack_from(f"<{count}d", self._map, SLOTS * SLOT.size))

    def _claim(self, now: float) -> None:
        # Two processes at most, whose numbers differ; threads of one may both get here, and write the same.
        place = os.getpid() % SLOTS
        while SLOT.unpack_from(self._map, place * SLOT.size)[0] not in (0, os.getpid()):
            place = (place + 1) % SLOTS
        SLOT.pack_into(self._map, place * SLOT.size, os.getpid(), 0, now)
        self._place = place
