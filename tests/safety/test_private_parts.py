"""Which private parts of which packages we rely on: they are there in the locked versions, and an update of a package
to another minor version needs a look at this list first."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from dramatiq import MessageProxy
from nats.aio.client import PING_PROTO, Client, Srv
from nats.aio.subscription import Subscription
from nats.aio.transport import TcpTransport
from nats.js import JetStreamContext
from playwright.async_api import async_playwright
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from uvicorn.protocols.http.h11_impl import H11Protocol

import broker.transport.client

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]

#: What `broker.transport.client.OrderedClient` overrides, with its parameters as they are there.
OVERRIDDEN = {
    "_attempt_reconnect": ["self"],
    "_connect_command": ["self"],
    "_connect_to_server": ["self", "s"],
    "_flush_pending": ["self", "force_flush"],
    "_parse_server_uri": ["connect_url"],
    "_process_connect_init": ["self"],
    "_process_msg": ["self", "sid", "subject", "reply", "data", "headers"],
    "_process_pong": ["self"],
    "_remove_sub": ["self", "sid", "max_msgs"],
    "_send_ping": ["self", "future"],
}

#: What it uses besides.
USED = {
    "_current_server",
    "_error_cb",
    "_pending",
    "_pending_data_size",
    "_pongs",
    "_send_command",
    "_server_info",
    "_subs",
    "_transport",
}

#: Packages that are bounded to one minor version, since we rely on their private parts.
BOUNDED = {"dramatiq", "nats-py", "playwright", "prometheus-client", "uvicorn"}


def test_what_the_client_overrides_has_the_same_parameters() -> None:
    found = {name: list(inspect.signature(getattr(Client, name)).parameters) for name in OVERRIDDEN}
    assert found == OVERRIDDEN


def test_what_the_client_uses_is_there() -> None:
    client = Client()
    assert [name for name in USED if not hasattr(client, name)] == []
    assert PING_PROTO == b"PING\r\n"
    assert {"uri", "discovered"} <= set(
        vars(Srv(broker.transport.client._Address._make(["nats", "a:1", "", "", "", ""])))
    )


def test_the_list_of_the_clients_private_parts_is_whole() -> None:
    [ours] = [
        node
        for node in ast.parse(inspect.getsource(broker.transport.client)).body
        if isinstance(node, ast.ClassDef) and node.name == "OrderedClient"
    ]
    own = set(vars(broker.transport.client.OrderedClient)) | set(
        vars(broker.transport.client.OrderedClient())
    ) - set(vars(Client()))
    used = {
        node.attr
        for node in ast.walk(ours)
        if isinstance(node, ast.Attribute) and _is_self_or_super(node.value) and node.attr.startswith("_")
    }
    assert {name for name in used if name != "__init__"} - own == USED
    overridden = {name for name in vars(broker.transport.client.OrderedClient) if name in vars(Client)}
    assert {name for name in overridden if not name.startswith("__") and name.startswith("_")} == set(OVERRIDDEN)


def _is_self_or_super(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "Client")


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            TcpTransport(),
            ["_io_writer"],
        ),  # broker.transport.client ends a connection to a server that takes nothing
        (Client(), ["_nuid"]),  # broker.primitives.kv
        (Client().jetstream(), ["_nc"]),  # broker.primitives.kv
        (MessageProxy, ["fail", "stuff_exception"]),
        (H11Protocol, ["connection_made", "data_received", "connection_lost"]),  # actors.http.server
        (uvicorn.Server, ["startup", "serve"]),
        (values, ["ValueClass", "MultiProcessValue", "close_all_multiprocess_files"]),  # actors.metrics.files
        (MmapedDict, ["read_all_values_from_file", "write_value", "read_value", "close"]),
        (MultiProcessCollector, ["collect"]),
    ],
    ids=[
        "TcpTransport",
        "Client",
        "JetStream",
        "MessageProxy",
        "H11Protocol",
        "Server",
        "values",
        "Mmaped",
        "Multi",
    ],
)
def test_they_are_there(owner: Any, names: list[str]) -> None:
    assert [name for name in names if not hasattr(owner, name)] == []


def test_what_is_set_only_later_is_named_in_the_source() -> None:
    """Of objects that need a server, a browser or a message to be made."""
    for owner, names in (
        (Subscription, ["self._id"]),  # broker.transport.client
        (JetStreamContext, ["self._nc"]),
        (MessageProxy, ["self._exception"]),  # broker.consumer, actors.worker
        (H11Protocol, ["self.conn", "self.transport", "self.loop"]),
    ):
        source = inspect.getsource(owner)
        assert [name for name in names if f"{name} = " not in source and f"{name}: " not in source] == [], owner


async def test_playwright_keeps_its_drivers_transport_where_we_look_for_its_error() -> None:
    """`engine.portal.driver` takes the error that a dead driver leaves."""
    start = async_playwright()
    playwright = await start.start()
    try:
        assert hasattr(start._client._transport, "on_error_future")
    finally:
        await playwright.stop()


def test_their_packages_are_bounded_to_one_minor_version() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    bounds = dict(re.fullmatch(r"([\w-]+)(?:\[\w+\])?(.*)", line.partition(";")[0]).groups() for line in wanted)  # type: ignore[union-attr]
    for package in BOUNDED:
        least, below = re.fullmatch(r">=(\d+\.\d+)(?:\.\d+)?,<(\d+\.\d+)", bounds[package]).groups()  # type: ignore[union-attr]
        assert [int(part) for part in below.split(".")] == [int(least.split(".")[0]), int(least.split(".")[1]) + 1]
        locked = re.search(rf"^{package}==([\d.]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
        assert locked is not None
        assert locked[1].startswith(f"{least}.")
