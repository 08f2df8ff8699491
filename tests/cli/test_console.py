"""The console on a terminal of its own, with the real gateway behind it."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from nats.aio.client import Client
from textual.widgets import Input, RichLog, Static

from actors.messages import Subjects
from ops.client.connections import open_nats
from ops.console.app import Console
from ops.console.clinic_screen import ClinicScreen
from ops.console.keys import HelpScreen
from ops.console.screens import LettersScreen, Question, SyncScreen
from ops.console.source import Source
from ops.console.widgets import LiveTable
from tests.calendar_days import first_days_typed
from tests.conftest import until
from tests.ops.up_process import Up

pytestmark = pytest.mark.anyio

#: A calendar that hides most of its records, from a portal that cannot be asked for single ones.
FEW = {"max_records_per_day": 1, "lookup_call": "absent"}

CLINIC = "cedar-creek"
SIZE = (140, 42)


@pytest.fixture
async def client(up: Up) -> AsyncIterator[Client]:
    running = up.home.running()
    assert running is not None
    async with open_nats(running.environment["NATS_URL"]) as client:
        yield client


@pytest.fixture
def source(client: Client) -> Source:
    return Source(client, Subjects())


def rows(app: Console, table: str) -> dict[str, str]:
    """The rows of a table on the main screen as text, by their keys."""
    shown = app.screen_stack[0].query_one(f"#{table}", LiveTable)
    return {
        str(key.value): "  ".join(str(cell) for cell in shown.get_row(key))
        for key in (r.key for r in shown.ordered_rows)
    }


def head(app: Console) -> str:
    return str(app.screen_stack[0].query_one("#head", Static).render())


def tail(app: Console) -> list[str]:
    return [line.text for line in app.screen_stack[0].query_one("#tail", RichLog).lines]


async def seen(condition: Callable[[], Any]) -> Any:
    """Without `Pilot.pause`, which waits for an answer of every widget, also of one that is being replaced."""

    async def look() -> Any:
        return condition()

    return await until(look)


async def test_it_shows_everything_and_a_sync_as_it_goes(up: Up, source: Source) -> None:
    [done] = {event["sync_id"] for event in await to_thread(up.json, "sync", CLINIC, "--days", "2")}
    app = Console(source, "here")
    async with app.run_test(size=SIZE):
        await seen(lambda: "completed" in rows(app, "syncs").get(done, ""))
        assert "s ago" in rows(app, "clinics")[CLINIC]
        assert {"coordinator", "date_scraper", "reconciler", "notifier"} == set(rows(app, "mailboxes"))
        assert "0 of 1000" in rows(app, "mailboxes")["coordinator"]
        [browser] = rows(app, "browsers").values()
        assert "idle" in browser
        portal = str(app.query_one("#portal", Static).render())
        assert "calls/s" in portal
        assert "closed" in portal
        assert "1 gateway" in portal
        await to_thread(
            up.fault_settings, latency_ms=4000
        )  # so long that a look every two seconds finds it under way
        [asked] = await to_thread(up.json, "sync", CLINIC, "--days", "5", "--no-wait")
        await seen(lambda: "in progress" in rows(app, "syncs").get(asked["sync_id"], ""))
        await seen(lambda: "syncing" in rows(app, "clinics")[CLINIC])
        await seen(lambda: any(CLINIC in row for row in rows(app, "browsers").values()))
        await to_thread(up.fault_settings)
        await seen(lambda: "completed" in rows(app, "syncs")[asked["sync_id"]])
        await seen(lambda: any("completed in" in line for line in tail(app)))


async def test_the_keys_sync_again_and_cancel_after_a_question(up: Up, source: Source) -> None:
    await to_thread(up.json, "sync", CLINIC, "--days", "2")
    app = Console(source, "here")
    async with app.run_test(size=SIZE) as pilot:
        await seen(lambda: rows(app, "syncs"))
        before, chosen = set(rows(app, "syncs")), app.query_one("#syncs", LiveTable).selected
        await pilot.press("r")
        assert isinstance(app.screen, Question)
        await pilot.press("n")
        await to_thread(up.fault_settings, hang=60)
        await pilot.press("r", "y")
        [new] = await seen(lambda: set(rows(app, "syncs")) - before)
        await seen(lambda: "in progress" in rows(app, "syncs")[new])
        assert app.query_one("#syncs", LiveTable).selected == chosen  # the cursor stays on its sync
        app.query_one("#syncs", LiveTable).move_cursor(row=0)
        await pilot.press("c")
        assert isinstance(app.screen, Question)
        await pilot.press("y")
        await seen(lambda: "cancelled" in rows(app, "syncs")[new])
    [latest] = await to_thread(up.json, "runs", CLINIC, "--limit", "1")
    assert latest["status"] == "cancelled"


async def test_a_sync_opens_with_its_dates_and_the_dead_letters_open(up: Up, source: Source) -> None:
    await to_thread(up.json, "sync", CLINIC, "--days", "2")
    app = Console(source, "here")
    async with app.run_test(size=SIZE) as pilot:
        await seen(lambda: rows(app, "syncs"))
        await pilot.press("o")
        await seen(lambda: isinstance(app.screen, SyncScreen))
        await seen(lambda: app.screen.query_one("#dates", LiveTable).row_count == 2)
        assert any("accepted" in line.text for line in app.screen.query_one("#story", RichLog).lines)
        await pilot.press("escape", "d")
        await seen(lambda: isinstance(app.screen, LettersScreen))
        await seen(lambda: "no dead letters" in str(app.screen.query_one("#about", Static).render()))


async def test_held_removals_are_approved(up: Up, source: Source) -> None:
    await to_thread(up.json, "sync", CLINIC, *first_days_typed(3))
    await to_thread(up.fault_settings, **FEW)
    assert (await to_thread(up.run, "sync", CLINIC, *first_days_typed(3))).returncode == 5
    app = Console(source, "here")
    async with app.run_test(size=SIZE) as pilot:
        await seen(lambda: "removals held" in rows(app, "clinics").get(CLINIC, ""))
        await pilot.press("a", "y")
        await seen(lambda: "removals held" not in rows(app, "clinics")[CLINIC])
    [latest] = await to_thread(up.json, "runs", CLINIC, "--limit", "1")
    assert latest["stats"]["appointments_removed"] > 20


async def test_a_read_only_console_has_no_key_that_changes_anything(up: Up, source: Source) -> None:
    await to_thread(up.json, "sync", CLINIC, "--days", "2")
    app = Console(source, "here", read_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await seen(lambda: rows(app, "syncs"))
        await pilot.press("r", "c", "a", "x")
        assert len(app.screen_stack) == 1
        assert "read only" in head(app)
        assert not {"r", "c", "a", "x"} & set(app.active_bindings)


async def test_two_consoles_show_the_same_and_the_filter_shows_less(up: Up, source: Source) -> None:
    await to_thread(up.fault_settings, latency_ms=5000)  # it goes on when the second one looks
    one, two = Console(source, "here"), Console(source, "here")
    async with one.run_test(size=SIZE) as pilot:
        await to_thread(up.json, "sync", CLINIC, "--days", "3", "--no-wait")
        async with two.run_test(size=SIZE):  # it joins late
            await seen(lambda: any("/3]" in line and "completed in" in line for line in tail(two)))
            await seen(lambda: tail(one) == tail(two))
        await pilot.press("tab", "slash", *"date_completed")
        assert isinstance(one.focused, Input)
        await seen(lambda: tail(one) and all("date_completed" in line for line in tail(one)))
        assert len(tail(one)) >= 3
        await pilot.press("tab")  # keeps the filter; the next key is not typed into it
        await pilot.press("question_mark")
        await seen(lambda: isinstance(one.screen, HelpScreen))
        await pilot.press("escape", "escape")
        await seen(lambda: any("accepted" in line for line in tail(one)))


async def test_what_happened_before_it_was_opened_is_there(up: Up, source: Source) -> None:
    [done] = {event["sync_id"] for event in await to_thread(up.json, "sync", CLINIC, "--days", "1")}
    app = Console(source, "here")
    async with app.run_test(size=SIZE):
        await seen(lambda: any("completed in" in line for line in tail(app)))
        await seen(lambda: done in rows(app, "syncs"))


async def test_a_clinic_is_found_opened_and_synced_for_the_first_time(up: Up, source: Source) -> None:
    for number in (10, 2):
        added = await to_thread(
            up.run, "clinic", "add", f"branch-{number}", "--name", f"Branch {number}", "--timezone", "UTC"
        )
        assert added.returncode == 0, added.stderr
    try:
        app = Console(source, "here")
        async with app.run_test(size=(80, 24)) as pilot:
            await seen(lambda: "branch-2" in rows(app, "clinics"))
            await pilot.press("shift+tab", "s", "s")  # by name
            await seen(lambda: list(rows(app, "clinics"))[:2] == ["branch-2", "branch-10"])
            await pilot.press("slash", *"branch 10", "enter")
            await seen(lambda: list(rows(app, "clinics")) == ["branch-10"])
            await pilot.press("enter")
            await seen(lambda: isinstance(app.screen, ClinicScreen))
            shown = str(app.screen.query_one("#about", Static).render())
            assert "no portal credentials are stored" in shown
            assert "idexx-sync credentials set branch-10" in shown
            await pilot.press("escape", "r")
            assert isinstance(app.screen, Question)
            await pilot.press("n", "escape")
            await seen(lambda: len(rows(app, "clinics")) > 1)
            await pilot.press("m")
            assert app.query_one("#portal").region.width > 60
    finally:
        for number in (10, 2):
            await to_thread(up.run, "clinic", "remove", f"branch-{number}", "--yes")


async def test_it_says_so_when_no_gateway_answers(client: Client) -> None:
    app = Console(Source(client, Subjects("unused")), "here")
    async with app.run_test(size=SIZE):
        await seen(lambda: "no gateway is connected" in head(app))


async def test_ctrl_c_ends_it_while_a_filter_is_typed(source: Source) -> None:
    app = Console(source, "here")
    async with app.run_test(size=(150, 48)) as pilot:
        await pilot.press("slash", "a")
        await pilot.press("ctrl+c")
        await seen(lambda: not app.is_running)
