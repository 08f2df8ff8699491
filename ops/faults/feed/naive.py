"""What a program does that takes the events as they come: `python -m ops.faults.feed.naive FILE CLINIC…`.

It begins with what the clinics hold, subscribes, and applies each event that it receives to its SQLite database. It has
no cursor. It is killed as the others are.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from typing import Any

import nats
from nats.aio.msg import Msg

from ops.faults.feed import tables


class Naive:
    def __init__(self, file: str) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)

    def _execute(self, statement: str, *values: Any) -> Any:
        return self._database.execute(statement.format(schema=""), values)

    async def run(self, clinics: list[str]) -> None:
        client = await nats.connect(os.environ["NATS_URL"], max_reconnect_attempts=-1)
        prefix = os.environ.get("SUBJECT_PREFIX", "idexx")
        for clinic in clinics:
            await client.subscribe(f"{prefix}.evt.appointment.{clinic}.*", cb=self._appointment)
            await client.subscribe(f"{prefix}.evt.offer.{clinic}.*", cb=self._offer)
        for statement in tables.CREATE:
            self._execute(statement)
        is_first = not self._execute("select id from appointments limit 1").fetchall()
        self._execute("begin immediate")
        for clinic in clinics if is_first else ():
            for feed in ("appointment", "offer"):
                body = json.dumps({"feed": feed}).encode()
                reply = await client.request(f"{prefix}.cmd.snapshot.{clinic}", body, timeout=10)
                for one in json.loads(reply.data).get("appointments") or ():
                    self._put_appointment(clinic, one["appointment_id"], one["neo_appointment_id"], one)
                for one in json.loads(reply.data).get("starts") or ():
                    self._put_start(clinic, one["starts_at"], one["column_count"])
        self._execute("commit")
        await asyncio.Event().wait()

    async def _appointment(self, message: Msg) -> None:
        event = json.loads(message.data)
        self._put_appointment(
            event["clinic"], event["appointment_id"], event["neo_appointment_id"], event["after"]
        )

    async def _offer(self, message: Msg) -> None:
        event = json.loads(message.data)
        self._put_start(event["clinic"], event["starts_at"], event["column_count"])

    def _put_appointment(self, clinic: str, key: str, neo_id: str, place: Any) -> None:
        self._execute(tables.DELETE_APPOINTMENT, clinic, key)
        if place is not None:
            names = ("date", "start_time", "end_time", "room_id", "status")
            self._execute(tables.INSERT_APPOINTMENT, clinic, key, neo_id, *(place[name] for name in names))

    def _put_start(self, clinic: str, starts_at: str, columns: int) -> None:
        self._execute(tables.DELETE_START, clinic, starts_at)
        if columns:
            self._execute(tables.INSERT_START, clinic, starts_at, str(columns))


if __name__ == "__main__":
    asyncio.run(Naive(sys.argv[1]).run(sys.argv[2:]))
