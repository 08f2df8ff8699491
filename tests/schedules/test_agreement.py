"""A preview shows what the server does: compared with a real one, including clock changes.

A tick states when the next one is due. So each of these schedules is due in a moment, and its tick is compared.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from actors.schedules.cron import Cron, due
from broker.primitives.cron_clock import CronClock, Schedule
from tests.broker.servers import Server
from tests.conftest import until

pytestmark = pytest.mark.anyio

#: Zones of our own: whose clocks are changed in a moment, at this hour of theirs, by so many seconds. Where they are
#: put forward at midnight, or by half an hour, server and preview differ for some schedules: see docs/operating.md.
CHANGES = {"Gap": (2, 3600), "Fold": (3, -3600), "MidnightFold": (1, -3600)}
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago")

#: How long before the first tick everything is stored, at each try, and how long before the change of the clocks that
#: is. Seconds.
AHEAD, BEFORE = (4, 8, 20), 2


class Moment:
    """When all of these schedules are due, and the zones whose clocks change right after it."""

    def __init__(self, folder: Path, at: int) -> None:
        self.at = at
        self.zones = {name: ZoneInfo(name) for name in ZONES}
        for name, (hour, seconds) in CHANGES.items():
            path = folder / name
            path.write_bytes(self._zone(hour, seconds))
            with path.open("rb") as file:
                self.zones[name] = ZoneInfo.from_file(file, key=name)

    def _zone(self, hour: int, seconds: int) -> bytes:
        """A time zone file (RFC 9636): one offset until the change, another after it."""
        change = self.at + BEFORE
        before = (hour * 3600 - change + 43_200) % 86_400 - 43_200
        offsets = (before, before + seconds)
        # A change that changes nothing comes first: before the first one, a file does not say what the offset is.
        at, kinds = struct.pack(">2l", change - 200_000, change), bytes((0, 1))
        types = b"".join(struct.pack(">lbB", offset, 0, 4 * kind) for kind, offset in enumerate(offsets))
        return b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 2, 2, 8) + at + kinds + types + b"ONE\0TWO\0"

    def schedule(self, zone: str, rng: random.Random) -> str:
        """Six fields that are due at the moment, and at other times."""
        local = datetime.fromtimestamp(self.at, self.zones[zone])
        fields = [
            _some(range(60), local.minute, rng),
            _some(range(24), local.hour, rng),
            *rng.choice(
                (
                    ("*", "*", "*"),
                    (_some(range(1, 32), local.day, rng), "*", "*"),
                    (
                        "*",
                        _some(range(1, 13), local.month, rng),
                        _some(range(7), local.isoweekday() % 7, rng),
                    ),
                    (_some(range(1, 32), local.day, rng), f"{local.month}", "*"),
                )
            ),
        ]
        numbers = Cron.parse(" ".join(fields)).for_server.removeprefix("0 ")
        return f"{','.join(sorted({'0', str(local.second)}))} {numbers}"


def _some(values: range, now: int, rng: random.Random) -> str:
    if rng.random() < 0.2:
        return "*"
    near = [value for value in (now, now + 1, now + 2) if value in values]
    return ",".join(map(str, sorted({now, *rng.sample(near, 1), *rng.sample(values, rng.randint(0, 3))})))


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], tuple[Server, Moment]]]:
    """Starts a server that knows the zones of a moment that comes in so many seconds."""
    zones = tmp_path / "zones"
    started: list[Server] = []
    zones.mkdir()
    monkeypatch.setenv("ZONEINFO", str(zones))

    def start(ahead: int) -> tuple[Server, Moment]:
        started.append(Server(tmp_path / f"nats-{len(started)}"))
        moment = Moment(zones, int(time.time()) + ahead)
        started[-1].start()
        return started[-1], moment

    yield start
    for server in started:
        server.close()


def test_the_schedules_that_are_tried_are_due_at_their_moment_on_every_day(tmp_path: Path) -> None:
    rng, start = random.Random(8), datetime(2027, 12, 1, 5, 59, 58, tzinfo=UTC)
    for day in range(400):  # which has a 29th of February
        moment = Moment(tmp_path, int((start + timedelta(days=day, hours=day % 24)).timestamp()))
        at = datetime.fromtimestamp(moment.at, UTC)
        for zone in moment.zones:
            cron = moment.schedule(zone, rng)
            first = next(due(cron, at - timedelta(seconds=1), moment.zones[zone]))
            assert first.timestamp() == moment.at, (zone, cron, at)


async def test_the_next_time_of_a_preview_is_the_servers(servers: Callable[[int], tuple[Server, Moment]]) -> None:
    for ahead in AHEAD:
        server, moment = servers(ahead)
        client = await nats.connect(server.url)
        schedules = await _store(client, moment)
        if time.time() < moment.at:
            assert await _differing(client, moment, schedules) == []
            await client.close()
            return
        await client.close()
    raise AssertionError("this machine is too busy to store the schedules in time")


async def _store(client: Client, moment: Moment) -> dict[str, tuple[str, str]]:
    """Some schedules of each zone: the zone and the text, by key."""

    async def connected() -> Client:
        return client

    clock, rng = CronClock(connected, "CLOCK", "t"), random.Random(8)
    await clock.declare()
    schedules = {
        f"{zone}-{number}".replace("/", "_"): (zone, moment.schedule(zone, rng))
        for zone in moment.zones
        for number in range(40 if zone in CHANGES else 10)
    }
    await asyncio.gather(*(clock.put(Schedule(key, cron, zone)) for key, (zone, cron) in schedules.items()))
    return schedules


async def _differing(
    client: Client, moment: Moment, schedules: dict[str, tuple[str, str]]
) -> list[tuple[str, str, str, str]]:
    found = []
    for key, (zone, cron) in schedules.items():
        at = datetime.fromtimestamp(moment.at, moment.zones[zone])
        theirs = await until(partial(_following, client, key, at))
        ours = next(due(cron, at, moment.zones[zone]))
        if not _is_same(theirs or "", ours):
            found.append((zone, cron, str(theirs), ours.isoformat()))
    return found


async def _following(client: Client, key: str, at: datetime) -> str | None:
    """When a schedule that has ticked at this time is due next. It may have ticked before, at the full minute."""
    try:
        tick = await client.jetstream().get_last_msg("CLOCK", f"t.due.{key}")
    except NotFoundError:
        return None
    following = (tick.headers or {})["Nats-Schedule-Next"]
    return None if _is_same(following, at) else following


def _is_same(theirs: str, ours: datetime) -> bool:
    """The offset of a zone of our own may have seconds, which the server does not report."""
    return ours.isoformat().startswith(theirs.replace("Z", "+00:00"))
