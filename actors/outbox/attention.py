"""Records webhook deliveries of what needs a person in a clinic, and of its end.

Level-based, as all duties: it compares what needs a person now with what was sent, so nothing is lost while no gateway
runs, and several gateways send it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.messages import encode
from engine.attention import NOTIFIED, attention_view
from engine.store.attention import attention_of
from engine.store.database import Connection, Database
from engine.store.syncs.reading import database_time
from engine.store.webhooks.notices import begin_notice, end_notice, lock_attentive, notices, record_attention
from engine.webhook import ATTENTION_ENDED, ATTENTION_NEEDED

INTERVAL = 5.0

#: How long a goal has been missed before it is sent, in seconds: as long as the alert ClinicNotFresh waits.
GOAL_MISSED_FOR = 300.0


class AttentionNotices:
    """Call `once` every `INTERVAL` seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def once(self) -> None:
        async with self._database.transaction() as connection:
            clinics = await lock_attentive(connection)
            if not clinics:
                return
            now = await database_time(connection)
            found = await attention_of(connection, clinics, NOTIFIED, GOAL_MISSED_FOR)
            needed = {item.key: attention_view(item) for item in found if not item.is_new_clinic}
            sent = await notices(connection, clinics)
            for key, item in needed.items():
                if key not in sent:
                    await begin_notice(connection, item, encode(item).decode())
                    await _record(connection, item, ATTENTION_NEEDED, now)
            for key, item in sent.items():
                if key not in needed:
                    await end_notice(connection, key)
                    await _record(connection, item, ATTENTION_ENDED, now)


async def _record(connection: Connection, item: Mapping[str, Any], event: str, now: datetime) -> None:
    data = {"event": event.partition(".")[2], **item, "at": now}
    body = encode({"type": event, "timestamp": now, "data": data}).decode()
    await record_attention(connection, item, event, body)
