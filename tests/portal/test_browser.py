"""The browser's life cycle: replaced before it degrades, killed when it hangs, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.failure import Failure, PortalFailure, Reason
from engine.portal import BrowserLimits, BrowserMissing, find_chromium
from engine.portal.browser import Browser
from engine.portal.chromium import Chromium
from engine.snapshot import Snapshot
from ops.sandbox.client import LoggedRequest
from tests.portal.conftest import LIMITS, Stage

pytestmark = pytest.mark.anyio

Launch = Callable[..., Stage]

#: How long a browser that hangs is waited for, where one hangs. A new one answers sooner, on a busy machine too.
TIMEOUT = 3.0

#: Less than anything that hangs here takes, and enough for a busy machine.
AT_ONCE = 60.0


@pytest.fixture
async def launch(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Launch]:
    """Gives the stage a browser of its own, with other limits, and no session: a browser is needed for the sign-in.
    Whatever happens, nothing may be left of it."""
    own: list[Browser] = []

    def launched(**limits: Any) -> Stage:
        answer, call, page = limits.pop("answer", 10.0), limits.pop("call", 60.0), limits.pop("page", 60.0)
        times = replace(LIMITS, browser_answer=answer, call=call, page=page, sign_in=120.0, date=240.0)
        settings = replace(stage.settings, browser=BrowserLimits(**limits), times=times)
        own.append(Browser(settings))
        launched = replace(stage, settings=settings, browser=own[-1])
        launched.store.entries.clear()
        return launched

    processes, folders = browser_processes(), browser_folders()
    # Where browsers have their profiles: a short path, since a socket in it may have no more than 107 characters.
    with tempfile.TemporaryDirectory(prefix="b") as profiles:
        monkeypatch.setenv("TMPDIR", profiles)
        yield launched
        for browser in own:
            await browser.close()
        await until(lambda: browser_processes() <= processes)
        await until(lambda: not list(Path(profiles).iterdir()))
        await until(lambda: browser_folders() <= folders)


def browser_processes() -> set[psutil.Process]:
    return {process for process in psutil.Process().children(recursive=True) if is_browsers(process)}


def browser_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"idexx-sync-browser-{os.getpid()}-*"))


def is_browsers(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(word in process.name() for word in ("chrom", "node"))
    return False


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def chromium_of(stage: Stage) -> Chromium:
    chromium = stage.browser.chromium
    assert chromium is not None
    return chromium


def driver_of(stage: Stage) -> psutil.Process:
    """Returns Playwright's driver. Where the browser was started by a script, that one is in between."""
    return next(p for p in psutil.Process(chromium_of(stage).pid).parents() if "node" in p.name())


async def sign_in(stage: Stage) -> Snapshot | Failure:
    """A scrape that has to sign in first."""
    stage.store.entries.clear()
    return await stage.scrape_one()


async def test_a_browser_is_launched_on_demand_and_closed_when_idle(launch: Launch):
    stage = launch(idle=2.0)
    assert stage.browser.chromium is None
    for launches in (1, 2):
        async with stage.browser.context():  # so that it is not idle before its processes are known
            await stage.assert_true(await sign_in(stage))
            assert stage.browser.launches == launches
            processes = chromium_of(stage).processes()
        await until(lambda: stage.browser.chromium is None)
        await until(lambda gone=processes: not any(p.is_running() for p in gone))


@pytest.mark.parametrize("limits", [{"age": 0.0}, {"contexts": 1}, {"memory_mib": 1}], ids=str)
async def test_a_browser_is_replaced_when_it_is_worn(launch: Launch, limits: dict[str, Any]):
    stage = launch(**limits)
    await stage.browser.start()
    pids = set()
    for _ in range(2):
        await stage.assert_true(await sign_in(stage))
        pids.add(chromium_of(stage).pid)
    assert len(pids) == 2


async def test_a_worn_browser_finishes_what_it_was_doing(launch: Launch):
    stage = launch(contexts=1)
    async with stage.browser.context() as context:
        page = await context.new_page()
        await stage.assert_true(await sign_in(stage))
        assert stage.browser.launches == 2
        assert await page.evaluate("1 + 1") == 2


async def test_a_crash_gives_the_date_back_and_the_next_one_a_new_browser(launch: Launch):
    stage = launch()
    await stage.sandbox.fault_settings(fail=[{"on": ["login_page"], "mode": "hang", "seconds": 300, "count": 1}])
    scrape = asyncio.create_task(sign_in(stage))
    await in_flight(stage, "login_page")
    psutil.Process(chromium_of(stage).pid).kill()
    failure = await scrape
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BROWSER_CRASHED
    await stage.assert_true(await sign_in(stage))
    assert stage.browser.launches == 2


async def test_a_driver_that_is_killed_is_a_crash_too(launch: Launch):
    stage = launch()
    await stage.sandbox.fault_settings(fail=[{"on": ["login_page"], "mode": "hang", "seconds": 300, "count": 1}])
    scrape = asyncio.create_task(sign_in(stage))
    await in_flight(stage, "login_page")
    driver_of(stage).kill()
    failure = await scrape
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BROWSER_CRASHED
    await stage.assert_true(await sign_in(stage))


async def test_a_hung_browser_is_killed_and_not_waited_for(launch: Launch):
    stage = launch(answer=TIMEOUT)
    await sign_in(stage)
    hung = psutil.Process(chromium_of(stage).pid)
    hung.send_signal(signal.SIGSTOP)
    await stage.assert_true(await sign_in(stage))
    await until(lambda: not hung.is_running())


async def test_a_browser_that_hangs_during_a_sign_in_is_not_mistaken_for_a_slow_portal(launch: Launch):
    stage = launch(answer=TIMEOUT, page=8.0)
    await stage.sandbox.fault_settings(latency_ms=2000)
    scrape = asyncio.create_task(sign_in(stage))
    await in_flight(stage, "login_page")
    psutil.Process(chromium_of(stage).pid).send_signal(signal.SIGSTOP)
    found = await scrape
    assert isinstance(found, Failure)
    assert found.reason is Reason.BROWSER_CRASHED
    await stage.sandbox.fault_settings(latency_ms=0)
    await stage.assert_true(await sign_in(stage))


async def test_a_hung_driver_is_killed_too(launch: Launch):
    stage = launch(answer=TIMEOUT)
    await sign_in(stage)
    driver_of(stage).send_signal(signal.SIGSTOP)
    await stage.assert_true(await sign_in(stage))


async def test_a_cancelled_call_ends_at_once_in_the_portal_too_and_the_next_one_goes_on(launch: Launch):
    stage = launch()
    await sign_in(stage)
    await stage.sandbox.fault_settings(fail=[{"mode": "hang", "seconds": 300, "count": 1}])
    scrape = asyncio.create_task(stage.scrape_one())
    await in_flight(stage, "calendar")
    scrape.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(scrape, AT_ONCE)
    await until_call(stage, lambda call: call.gone_at is not None)
    await stage.assert_true(await stage.scrape_one())
    assert stage.browser.launches == 1


async def test_a_session_of_the_store_needs_no_browser(launch: Launch):
    stage = launch()
    await sign_in(stage)
    await stage.browser.close()
    await stage.assert_true(await stage.scrape_one())
    assert stage.browser.launches == 1


async def test_a_cancelled_sign_in_lets_the_next_one_have_its_turn(launch: Launch):
    stage = launch()
    await stage.sandbox.fault_settings(fail=[{"on": ["login_page"], "mode": "hang", "seconds": 300, "count": 1}])
    scrape = asyncio.create_task(sign_in(stage))
    await in_flight(stage, "login_page")
    scrape.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(scrape, AT_ONCE)
    await stage.assert_true(await sign_in(stage))


async def test_a_scrape_that_waits_for_a_token_gives_way_to_a_cancel(launch: Launch):
    stage = launch()
    stage.budget.open.clear()
    scrape = asyncio.create_task(sign_in(stage))
    await until(lambda: stage.browser.chromium is not None and stage.browser.chromium.in_use == 1)
    scrape.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(scrape, AT_ONCE)
    assert await stage.calls("calendar") == []


async def test_closing_ends_what_is_in_use(launch: Launch):
    stage = launch()
    await stage.sandbox.fault_settings(fail=[{"on": ["login_page"], "mode": "hang", "seconds": 300}])
    scrape = asyncio.create_task(sign_in(stage))
    await in_flight(stage, "login_page")
    await stage.browser.close()
    failure = await asyncio.wait_for(scrape, AT_ONCE)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BROWSER_CRASHED


async def test_closing_ends_a_replaced_browser_that_is_still_in_use_too(launch: Launch):
    stage = launch(contexts=1)

    async def use() -> None:
        async with stage.browser.context() as context:
            page = await context.new_page()
            await stage.assert_true(await sign_in(stage))
            assert stage.browser.launches == 2
            await stage.browser.close()
            await page.evaluate("1 + 1")

    with pytest.raises(PortalFailure, match="browser_crashed"):
        await use()


async def in_flight(stage: Stage, kind: str) -> None:
    await until_call(stage, lambda call: call.kind == kind and call.done_at is None)


async def until_call(stage: Stage, condition: Callable[[LoggedRequest], bool]) -> None:
    async with asyncio.timeout(60):
        while not any(map(condition, await stage.calls())):
            await asyncio.sleep(0.02)


WORKER = """
import asyncio, sys
from engine.portal import PortalSettings
from engine.portal.browser import Browser

async def main():
    browser = Browser(PortalSettings())
    await browser.start()
    print(*[process.pid for process in browser.chromium.processes()], flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await browser.close()

asyncio.run(main())
"""


async def test_a_killed_worker_leaves_no_browser_behind_and_the_next_one_removes_its_folders(launch: Launch):
    pipe = asyncio.subprocess.PIPE
    for end in ("kill", "close"):
        worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, stdin=pipe, stdout=pipe)
        assert worker.stdout is not None
        processes = [psutil.Process(int(pid)) for pid in (await worker.stdout.readline()).split()]
        assert len(processes) > 2
        if end == "kill":
            worker.kill()
        await worker.communicate(b"\n")
        await until(lambda gone=processes: not any(map(runs, gone)))


def runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


async def test_a_path_that_is_no_browser_is_refused_with_the_remedy(stage: Stage, tmp_path: Path):
    with pytest.raises(BrowserMissing, match="CHROMIUM_PATH"):
        find_chromium(tmp_path / "nothing")
    script = tmp_path / "chromium"
    script.write_text("#!/bin/sh\nexit 7\n")
    script.chmod(0o755)
    broken = Browser(replace(stage.settings, chromium_path=script))
    with pytest.raises(BrowserMissing, match="does not start"):
        await broken.start()
    stage.store.entries.clear()
    failure = await replace(stage, browser=broken).scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.INTERNAL
    await broken.close()
