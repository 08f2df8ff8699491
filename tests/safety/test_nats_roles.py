"""The roles of `nats-config` on a real server: each may do what it should, and everything else is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import nats.errors
import pytest
from dramatiq import Message
from nats.aio.msg import Msg

from actors.gateway.commands import Commands
from broker import NatsBroker
from broker.primitives.cron_clock import CronClock, Schedule
from broker.primitives.event_log import EventLog
from broker.primitives.kv import Bucket
from ops.deploy.nats.permissions import CLIENT_VERBS, OPERATORS_VERBS, READING_VERBS
from tests.safety.secured import Secured, Visitor, secured, visiting

pytestmark = pytest.mark.anyio

QUEUES = ("coordinator", "date_scraper", "reconciler", "notifier")

#: (who, does, where): what each role is for.
MAY = [
    *(("clinic-elm", "publish", f"p.cmd.{verb}.elm") for verb in CLIENT_VERBS),
    ("clinic-elm", "subscribe", "p.evt.sync.elm.>"),
    ("clinic-elm", "subscribe", "p.evt.sync.elm.a-sync.>"),
    ("clinic-elm", "subscribe", "p.evt.appointment.elm.*"),
    ("clinic-elm", "subscribe", "p.evt.offer.elm.*"),
    ("clinic-elm", "subscribe", "p.evt.rejected.elm"),
    ("clinic-elm", "subscribe", "_INBOX.>"),
    ("ops", "subscribe", "p.>"),
    ("ops", "subscribe", "p.evt.>"),
    ("ops", "subscribe", "p.cmd.sync.elm"),
    ("ops", "publish", "p.cmd.status.elm"),
    ("ops", "publish", "p.cmd.events.oak"),
    ("ops", "publish", "$JS.API.STREAM.INFO.p_coordinator_box"),
    ("ops", "publish", "$JS.API.STREAM.MSG.GET.p_coordinator_dead"),
    ("ops", "publish", "$JS.API.STREAM.MSG.GET.KV_p_limits"),
    ("ops", "publish", "$SRV.PING.idexx-sync"),
    ("worker", "publish", "p.evt.sync.elm.a-sync.started"),
    ("worker", "publish", "p.ctl.stop.a-sync"),
    ("worker", "publish", "_INBOX.other.1"),
    ("worker", "publish", "p.cmd.sync.elm"),
    *(("worker", "publish", f"p.{queue}.{end}") for queue in QUEUES for end in ("new.0", "dead", "room")),
    ("worker", "publish", "$KV.p_limits.budget"),
    ("worker", "publish", "$JS.API.STREAM.MSG.DELETE.p_coordinator_dead"),
    ("worker", "publish", "p.schedule.elm.a-digest"),
    ("worker", "publish", "$JS.API.STREAM.PURGE.P_SCHEDULES"),
    ("worker", "subscribe", "p.cmd.sync.*"),
    ("worker", "subscribe", "$KV.p_leases.>"),
]

#: Subjects that change or show something that only workers may use …
PRIVATE = [
    *(
        ("publish", f"p.{queue}.{end}")
        for queue in QUEUES
        for end in ("new.0", "due.0", "at.1", "dead", "waiting")
    ),
    *(("publish", subject) for subject in ("p.evt.sync.elm.a-sync.completed", "p.ctl.stop.a-sync")),
    *(("publish", f"$KV.p_{bucket}.key") for bucket in ("limits", "leases")),
    *(("publish", f"$JS.API.STREAM.{verb}.p_coordinator_box") for verb in ("CREATE", "UPDATE")),
    ("publish", "$JS.API.STREAM.CREATE.another"),
    ("publish", "$JS.API.CONSUMER.CREATE.P_EVENTS.mine.p.evt.sync.elm.>"),
    ("publish", "$JS.API.CONSUMER.DURABLE.CREATE.P_EVENTS.mine"),
    ("publish", "$JS.API.CONSUMER.MSG.NEXT.p_coordinator_box.new-0"),
    ("publish", "$JS.API.STREAM.MSG.DELETE.p_coordinator_dead"),
    ("publish", "$JS.ACK.p_coordinator_box.new-0.1.1.1.1.0"),
    ("publish", "p.schedule.elm.a-digest"),
    ("publish", "$JS.API.STREAM.PURGE.P_SCHEDULES"),
    ("publish", "$JS.API.CONSUMER.MSG.NEXT.P_SCHEDULES.ticks"),
    ("publish", "_INBOX.other.1"),
    ("publish", "_R_.other.1"),
    *(("publish", f"p.cmd.{verb}.elm") for verb in OPERATORS_VERBS),
    ("subscribe", "$KV.>"),
    ("subscribe", "$JS.>"),
    ("subscribe", "_R_.>"),
    ("subscribe", ">"),
]
#: … and what not even a worker may do.
NOBODYS = [
    *(
        ("publish", f"$JS.API.STREAM.{verb}.p_coordinator_box")
        for verb in ("DELETE", "PURGE", "SNAPSHOT", "RESTORE")
    ),
    ("publish", "$JS.API.STREAM.DELETE.P_EVENTS"),
    ("publish", "p.due.elm"),
    ("publish", "$JS.API.STREAM.DELETE.P_SCHEDULES"),
    ("publish", "$JS.API.CONSUMER.DELETE.p_coordinator_box.new-0"),
    ("publish", "$JS.API.STREAM.CREATE.another"),
    ("publish", "$JS.API.META.LEADER.STEPDOWN"),
    ("publish", "$JS.API.SERVER.REMOVE"),
    ("publish", "$SYS.REQ.SERVER.PING"),
    ("publish", "another.projects.subject"),
    ("subscribe", "$SYS.>"),
    ("subscribe", ">"),
]
MAY_NOT = [
    *(("clinic-elm", *deed) for deed in PRIVATE + NOBODYS),
    *(("ops", *deed) for deed in PRIVATE + NOBODYS),
    *(("worker", *deed) for deed in NOBODYS),
    *(("clinic-elm", "publish", f"p.cmd.{verb}.{other}") for verb in CLIENT_VERBS for other in ("oak", "_all")),
    *(("clinic-elm", "publish", subject) for subject in ("$JS.API.INFO", "$JS.API.STREAM.INFO.P_EVENTS")),
    ("clinic-elm", "publish", "$JS.API.STREAM.MSG.GET.p_coordinator_dead"),
    ("clinic-elm", "publish", "$JS.API.STREAM.MSG.GET.KV_p_leases"),
    ("clinic-elm", "publish", "$JS.API.DIRECT.GET.P_EVENTS.p.evt.sync.oak.>"),
    ("clinic-elm", "publish", "$SRV.PING.idexx-sync"),
    *(("clinic-elm", "subscribe", f"p.evt.sync.{clinic}.>") for clinic in ("oak", "*")),
    *(("clinic-elm", "subscribe", subject) for subject in ("p.>", "p.evt.>", "p.cmd.sync.elm", "p.cmd.*.*")),
    *(("clinic-elm", "subscribe", subject) for subject in ("p.coordinator.>", "p.evt.rejected.oak")),
    *(("ops", "publish", f"p.cmd.{verb}.elm") for verb in ("sync", "cancel")),
    ("worker", "publish", "$JS.API.CONSUMER.CREATE.another.x"),
    ("worker", "subscribe", "$JS.API.>"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("secured"), "p", ["elm", "oak"]) as server:
        yield server


@pytest.fixture
async def worker(server: Secured) -> AsyncIterator[Visitor]:
    async with visiting(server.url("worker")) as visitor:
        yield visitor


async def refused_deeds(server: Secured, deeds: list[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    found = set()
    for user in {user for user, _, _ in deeds}:
        async with visiting(server.url(user)) as visitor:
            for deed in deeds:
                if deed[0] == user and not await getattr(visitor, f"may_{deed[1]}")(deed[2]):
                    found.add(deed)
    return found


async def test_each_role_can_do_what_it_is_for(server: Secured) -> None:
    assert await refused_deeds(server, MAY) == set()


async def test_all_else_gets_a_permission_error(server: Secured) -> None:
    assert set(MAY_NOT) - await refused_deeds(server, MAY_NOT) == set()


def test_every_command_is_assigned_to_roles() -> None:
    commands = set(object.__new__(Commands).by_verb())
    assert commands == {*CLIENT_VERBS, *OPERATORS_VERBS}
    assert set(READING_VERBS) == commands - {"sync", "cancel"} - set(OPERATORS_VERBS)


async def test_no_client_connects_without_a_password(server: Secured) -> None:
    for url in (f"nats://{server.address}", f"nats://worker:guess@{server.address}"):
        with pytest.raises(nats.errors.Error, match=r"(?i)authorization|no servers"):
            async with visiting(url):
                pass


async def test_the_configuration_holds_no_password(server: Secured) -> None:
    config = (server.folder / "nats-server.conf").read_text()
    assert not [user for user, password in server.passwords.items() if password in config]


async def serve(worker: Visitor, subject: str = "p.cmd.*.*") -> list[Msg]:
    """A gateway that answers whatever it is asked."""
    heard: list[Msg] = []

    async def answer(message: Msg) -> None:
        heard.append(message)
        if message.reply:
            await worker.client.publish(message.reply, b'{"ok": true}')

    await worker.client.subscribe(subject, queue="gateways", cb=answer)
    await worker.client.flush()
    return heard


async def test_a_client_asks_and_hears_of_its_own_clinic_only(server: Secured, worker: Visitor) -> None:
    heard = await serve(worker)
    async with visiting(server.url("clinic-elm")) as elm, visiting(server.url("clinic-oak")) as oak:
        mine = await elm.client.subscribe("p.evt.*.elm.>")
        theirs = await oak.client.subscribe("p.evt.*.oak.>")
        await elm.client.flush()
        await oak.client.flush()
        assert json.loads(await elm.ask("p.cmd.sync.elm")) == {"ok": True}
        await worker.client.publish("p.evt.sync.elm.a-sync.started", b"1")
        await worker.client.publish("p.evt.sync.oak.another.started", b"2")
        assert (await mine.next_msg(timeout=5)).data == b"1"
        assert (await theirs.next_msg(timeout=5)).data == b"2"
        assert (mine.pending_msgs, theirs.pending_msgs) == (0, 0)
    assert [message.subject for message in heard] == ["p.cmd.sync.elm"]


async def messages(worker: Visitor, stream: str) -> int:
    info = json.loads(await worker.ask(f"$JS.API.STREAM.INFO.{stream}"))
    return int(info["state"]["messages"])


async def test_an_answer_cannot_be_led_into_a_mailbox(server: Secured, worker: Visitor) -> None:
    """The gateway, and JetStream, may write there; who asks them to answer there must not get them to."""
    created = json.loads(
        await worker.ask(
            "$JS.API.STREAM.CREATE.p_coordinator_box",
            json.dumps({"name": "p_coordinator_box", "subjects": ["p.coordinator.new.*"]}).encode(),
        )
    )
    assert "error" not in created, created
    events = EventLog(lambda: _client(worker), "P_EVENTS", ["p.evt.>"])
    await events.declare()
    await events.publish("p.evt.sync.elm.a-sync.started", b"what an event says", "1")
    heard = await serve(worker)
    async with visiting(server.url("clinic-elm")) as elm, visiting(server.url("ops")) as ops:
        assert await elm.may_publish("p.cmd.sync.elm", reply="p.coordinator.new.0")
        read = "$JS.API.STREAM.MSG.GET.P_EVENTS"
        assert await ops.may_publish(read, b'{"seq": 1}', reply="p.coordinator.new.0")
        assert b"io.nats.jetstream.api.v1.stream_msg_get_response" in await ops.ask(read, b'{"seq": 1}')
        await elm.ask("p.cmd.sync.elm")
    assert len(heard) == 2
    assert await messages(worker, "p_coordinator_box") == 0


async def _client(visitor: Visitor) -> Any:
    return visitor.client


async def test_ops_reads_streams_dead_letters_and_buckets(server: Secured, worker: Visitor) -> None:
    bucket = Bucket(worker.client, "p_limits")
    await bucket.write("budget", b"a number")
    async with visiting(server.url("ops")) as ops:
        names = json.loads(await ops.ask("$JS.API.STREAM.NAMES"))["streams"]
        assert "KV_p_limits" in names
        raw = await ops.ask("$JS.API.STREAM.MSG.GET.KV_p_limits", b'{"last_by_subj": "$KV.p_limits.budget"}')
        assert "error" not in json.loads(raw)


async def test_the_broker_works_as_a_worker(server: Secured) -> None:
    def life() -> None:
        broker = NatsBroker(server.url("worker"), namespace="p")
        try:
            broker.declare_queue("reconciler")
            consumer = broker.consume("reconciler", timeout=5000)
            for delay in (None, 100):
                sent: Message[Any] = Message("reconciler", "actor", (), {}, {})
                broker.enqueue(sent, delay=delay)
                got = next(consumer)
                assert got is not None
                consumer.nack(got)
            consumer.close()
            letters = broker.get_dead_letters("reconciler")
            assert len(letters) == 2
            assert broker.drop_dead_letter("reconciler", letters[0].sequence)
            assert broker.replay_dead_letter("reconciler", letters[1].sequence)
            assert broker.get_queue_message_counts("reconciler") == (1, 0, 0)
        finally:
            broker.close()

    before = server.refusals()
    await asyncio.to_thread(life)
    assert server.refusals() == before


async def test_the_clock_works_as_a_worker(server: Secured, worker: Visitor) -> None:
    before = server.refusals()
    clock = CronClock(lambda: _client(worker), "P_SCHEDULES", "p")
    await clock.declare()
    every_second = Schedule("elm", "* * * * * *", "Europe/Berlin")
    await clock.put(every_second)
    assert await clock.there() == {every_second.token}
    source = await clock.ticks()
    tick = await source.take()
    assert tick is not None
    await tick.ack()
    await source.close()
    await clock.drop([every_second.token])
    assert await clock.there() == set()
    assert server.refusals() == before


async def test_a_clinic_more_needs_no_restart(tmp_path: Path) -> None:
    with secured(tmp_path, "p", ["elm"]) as server:
        async with visiting(server.url("worker")) as worker, visiting(server.url("clinic-elm")) as elm:
            await serve(worker)
            server.configure(["elm", "oak"])
            server.reload()
            async with visiting(server.url("clinic-oak")) as oak:
                events = await oak.client.subscribe("p.evt.sync.oak.>")
                assert json.loads(await oak.ask("p.cmd.sync.oak")) == {"ok": True}
                await worker.client.publish("p.evt.sync.oak.a-sync.started")
                await events.next_msg(timeout=5)
            assert json.loads(await elm.ask("p.cmd.sync.elm")) == {"ok": True}
            assert worker.client.stats["reconnects"] == elm.client.stats["reconnects"] == 0
