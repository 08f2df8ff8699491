"""`sync --all`: requests a sync of every clinic, and follows all of them to their ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client

from actors.messages import ALL, Subjects
from actors.settings import Settings
from ops.cli.outage import Outage
from ops.client.connections import open_nats
from ops.client.errors import CommandFailed, as_reply
from ops.client.events import events_of_several
from ops.client.exit_status import Exit, of_dry_run, of_ending
from ops.client.requests import ask
from ops.local.discovery import nats_url
from ops.terminal.follow import Show
from ops.terminal.output import answer, say, warn

#: How many requests are under way at once.
AT_ONCE = 10

#: How many clinics of one refusal are named.
NAMED = 5


@dataclass(slots=True)
class Requested:
    """What became of the requests: replies and refusals by clinic."""

    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, CommandFailed] = field(default_factory=dict)


async def sync_all(settings: Settings, body: dict[str, Any], patience: int | None, *, as_json: bool) -> Exit:
    """Returns the exit status for all of them. With `patience` None it only requests them."""
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings), keep=True) as client:
        clinics = [one["slug"] for one in (await ask(client, subjects, "overview", ALL))["clinics"]]
        if not clinics:
            raise CommandFailed("no clinic is stored yet", status=Exit.USAGE, hint="idexx-sync clinic add")
        requested = await _request(client, subjects, clinics, body)
        _report(requested, as_json, will_follow=patience is not None)
        statuses = [refusal.status for refusal in requested.refused.values()]
        if patience is None:
            return of_several([*statuses, *(Exit.OK for _ in requested.accepted)])
        statuses += await _follow(client, subjects, requested.accepted, patience, as_json)
    if not as_json:
        counts = Counter(status.name.lower().replace("_", " ") for status in statuses)
        say(f"{len(clinics)} clinics: {', '.join(f'{count} {word}' for word, count in counts.most_common())}")
    return of_several(statuses)


def of_several(statuses: Sequence[Exit]) -> Exit:
    """Returns the exit status of several syncs: that of all which did not end well, if they have the same one."""
    failed = {status for status in statuses if status is not Exit.OK}
    if not failed:
        return Exit.OK
    return failed.pop() if len(failed) == 1 else Exit.PARTIAL


async def _request(client: Client, subjects: Subjects, clinics: Sequence[str], body: dict[str, Any]) -> Requested:
    """Requests all syncs; a refused one does not stop the others."""
    requested, turn = Requested(), asyncio.Semaphore(AT_ONCE)

    async def request(clinic: str) -> None:
        async with turn:
            try:
                requested.accepted[clinic] = await ask(client, subjects, "sync", clinic, **body)
            except CommandFailed as refusal:
                requested.refused[clinic] = refusal

    async with asyncio.TaskGroup() as group:
        for clinic in clinics:
            group.create_task(request(clinic))
    return requested


def _report(requested: Requested, as_json: bool, *, will_follow: bool) -> None:
    if as_json:
        for reply in () if will_follow else requested.accepted.values():
            answer(reply)
        for clinic, refusal in requested.refused.items():
            answer(as_reply(refusal) | {"clinic": clinic})
        return
    reasons: dict[str, list[str]] = {}
    for clinic, refusal in sorted(requested.refused.items()):
        # The clinic's own name out of the text, so that the same refusal of many clinics is one line.
        reasons.setdefault(str(refusal).replace(repr(clinic), "CLINIC"), []).append(clinic)
    say(f"{len(requested.accepted)} syncs requested")
    for reason, clinics in reasons.items():
        more = f" and {len(clinics) - NAMED} more" if len(clinics) > NAMED else ""
        warn(f"refused: {', '.join(clinics[:NAMED])}{more}: {reason}")


async def _follow(
    client: Client, subjects: Subjects, accepted: dict[str, dict[str, Any]], patience: int, as_json: bool
) -> list[Exit]:
    syncs = {reply["sync_id"]: clinic for clinic, reply in accepted.items()}
    looked = Outage(patience, "the syncs go on", "idexx-sync watch")
    statuses: list[Exit] = []
    events = events_of_several(client, subjects, syncs, looked=looked)
    async with aclosing(events), Show(as_json=as_json) as show:
        async for event in events:
            sync = show.event(event)
            if sync.ending:
                show.ended(sync.ending)
                show.board.syncs.pop(sync.sync_id)
                statuses.append((of_dry_run if sync.dry_run else of_ending)(sync.ending))
    return statuses
