"""No channel of a page carries what is typed into the sign-in form to another host, nor does Chromium itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from engine.failure import Reason
from engine.portal import chromium, find_chromium
from engine.portal.browser import Browser
from ops.sandbox.client import Sandbox
from tests.conftest import until
from tests.portal.conftest import Stage
from tests.portal.test_sign_in import sign_in
from tests.portal.thief import Thief, open_thief

pytestmark = pytest.mark.anyio

#: Every channel that `leak.js` tries. A navigation of the page itself is another test: it ends the sign-in.
CHANNELS = set(
    """
    fetch_get fetch_post fetch_keepalive xhr beacon event_source websocket web_transport webrtc_stun webrtc_turn
    worker shared_worker service_worker script module stylesheet css_url font image media object prefetch preload
    preconnect dns_prefetch speculation frame frame_script popup popup_form frame_form download ping
    """.split()  # noqa: SIM905
)

#: Those that a plain Chromium shows a plain host by an address of their own.
SEEN_BY_ADDRESS = CHANNELS - {
    "web_transport",
    "webrtc_stun",
    "webrtc_turn",
    "preconnect",
    "dns_prefetch",
    "speculation",
}


async def has_all(thief: Thief) -> bool:
    return {"udp", *SEEN_BY_ADDRESS} <= thief.channels()


async def tried(sandbox: Sandbox) -> set[str]:
    return {call.query["channel"] for call in await sandbox.request_log() if call.path == "/tried"}


async def test_what_is_typed_leaves_the_portal_by_no_channel(stranger: Stage):
    async with open_thief() as thief:
        await stranger.sandbox.fault_settings(leak_to=thief.url)
        await stranger.assert_true(await stranger.scrape_one())
        assert await tried(stranger.sandbox) == CHANNELS
        assert thief.received == []


async def test_the_channels_are_open_in_a_browser_without_protection(stranger: Stage):
    """Or the test above would prove nothing."""
    async with open_thief() as thief, async_playwright() as playwright:
        await stranger.sandbox.fault_settings(leak_to=thief.url)
        plain = await playwright.chromium.launch(
            executable_path=find_chromium(None), chromium_sandbox=os.geteuid() != 0
        )
        page = await (await plain.new_context()).new_page()
        await page.goto(stranger.sandbox.url + "/login")
        await page.locator("[name=companyId]").fill(stranger.account.company_id)
        await page.locator("[name=username]").fill(stranger.account.username)
        await page.locator("[name=password]").fill(stranger.account.password)
        await page.locator("[name=password]").press("Enter")
        await page.wait_for_url("**/dashboard")
        assert await tried(stranger.sandbox) == CHANNELS
        with contextlib.suppress(TimeoutError):
            await until(lambda: has_all(thief), 20.0)
        await plain.close()
        assert {"udp", *SEEN_BY_ADDRESS} - thief.channels() == set()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["login_page", "login"])
async def test_a_redirect_out_of_the_portal_carries_nothing(stranger: Stage, status: int, kind: str):
    async with open_thief() as thief:
        for address in (thief.url, thief.url.replace("http:", "https:")):
            rule = {"on": [kind], "mode": "redirect", "status": status, "location": f"{address}/login"}
            await stranger.sandbox.fault_settings(fail=[rule])
            failure = await sign_in(stranger)
            assert failure is not None
            assert failure.reason is Reason.LEFT_PORTAL
        assert thief.received == []


@pytest.mark.parametrize("status", [302, 303, 307, 308])
async def test_a_redirect_inside_the_portal_is_followed(stranger: Stage, status: int):
    rule = {"on": ["login"], "mode": "redirect", "status": status, "location": "/login?again", "count": 1}
    await stranger.sandbox.fault_settings(fail=[rule])
    failure = await sign_in(stranger)
    posts = [call.query for call in await stranger.calls("login")]
    assert posts == ([{}, {"again": ""}] if status > 303 else [{}])
    assert (failure is None) is (status > 303)


async def test_scripts_and_styles_come_from_elsewhere_until_something_is_typed(stranger: Stage):
    async with open_thief() as host:
        await stranger.sandbox.fault_settings(assets_from=host.url)
        await stranger.assert_true(await stranger.scrape_one())
        assert host.channels() == {"library.js", "style.css"}


async def test_chromium_resolves_no_name_and_reaches_nothing_of_its_own(
    stranger: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = tmp_path / "net.json"
    monkeypatch.setattr(chromium, "SWITCHES", (*chromium.SWITCHES, f"--log-net-log={log}"))
    browser = Browser(stranger.settings)
    async with open_thief() as thief:
        await stranger.sandbox.fault_settings(leak_to=thief.url)
        stage = replace(stranger, browser=browser)
        await stage.assert_true(await stage.scrape_one())
    await browser.close()
    text = log.read_text()
    # Through a UDP socket that sends nothing Chromium learns whether there is a route for IPv6.
    assert events(text, "UDP_BYTES_SENT") == []
    assert connections(text) == {"127.0.0.1"}
    assert resolved(text) == set()


def events(text: str, *names: str) -> list[dict[str, Any]]:
    """Of Chromium's log of its network, which ends in the middle where Chromium was killed."""
    head, _, rest = text.partition('"events": [\n')
    types = json.loads(head[head.index("{") :].rstrip().rstrip(",") + "}")["constants"]["logEventTypes"]
    wanted = {types[name] for name in names if name in types}
    lines = [line.rstrip(",\n]}") for line in rest.splitlines()]
    found = [
        json.loads(line + "}" * (line.count("{") - line.count("}"))) for line in lines if line.startswith("{")
    ]
    return [event for event in found if event["type"] in wanted]


def connections(text: str) -> set[str]:
    """The addresses that Chromium connected to."""
    addresses = [event.get("params", {}).get("address", "") for event in events(text, "TCP_CONNECT_ATTEMPT")]
    return {re.sub(r":\d+$", "", address) for address in addresses if address}


def resolved(text: str) -> set[str]:
    """The names that Chromium asked any resolver for."""
    names = ("HOST_RESOLVER_MANAGER_JOB", "HOST_RESOLVER_SYSTEM_TASK", "HOST_RESOLVER_DNS_TASK")
    return {str(event["params"]) for event in events(text, *names) if event.get("params", {}).get("host")}
