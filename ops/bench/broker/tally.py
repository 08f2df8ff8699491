"""A memory-mapped file shared by all processes: message counts, the time of the first message, and latencies."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

#: One slot per worker process: its process id, its count and the time of its first message.
SLOT = struct.Struct("<QQd")
SLOTS = 16
LATENCIES = 20_000
SIZE = SLOTS * SLOT.size + LATENCIES * 8


class Tally:
    """Counts and latencies. Worker processes write without a lock: each has its slot, and each message its
    place."""

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
        # At most two processes, with different ids; two threads of one may both get here, and write the same
        # values.
        place = os.getpid() % SLOTS
        while SLOT.unpack_from(self._map, place * SLOT.size)[0] not in (0, os.getpid()):
            place = (place + 1) % SLOTS
        SLOT.pack_into(self._map, place * SLOT.size, os.getpid(), 0, now)
        self._place = place
