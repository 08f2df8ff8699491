"""Creates or updates streams and durable consumers on the server; raises a refusal with its reason."""

from __future__ import annotations

import nats.js.errors
from dramatiq.errors import BrokerError
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig

from ..errors import DeclarationRefused, is_passing, transport


async def has_consumer(js: JetStreamContext, stream: str, durable: str) -> bool:
    """Whether the stream and its durable consumer exist."""
    with transport():
        try:
            await js.consumer_info(stream, durable)
        except nats.js.errors.NotFoundError:
            return False
    return True


def version_of(client: Client) -> tuple[int, int]:
    """Returns major and minor version of the connected server."""
    version = client.connected_server_version
    return version.major, version.minor


def require(client: Client, oldest: tuple[int, int], what: str) -> None:
    """Raises DeclarationRefused when the server is older than `oldest`."""
    if version_of(client) < oldest:
        raise DeclarationRefused(
            f"{what} needs nats-server {oldest[0]}.{oldest[1]} or newer; the connected server is "
            f"{client.connected_server_version}."
        )


async def declare_stream(js: JetStreamContext, config: StreamConfig) -> None:
    """Creates the stream, or updates an existing one to `config`. Raises DeclarationRefused if the server
    refuses."""
    with transport():
        try:
            await js.add_stream(config)
        except nats.js.errors.APIError as error:
            if error.err_code != 10058:  # the name is in use with other options
                raise _refused(f"stream {config.name!r}", error) from error
            try:
                await js.update_stream(config)
            except nats.js.errors.APIError as refusal:
                raise _refused(f"stream {config.name!r}", refusal) from refusal


async def declare_consumer(js: JetStreamContext, stream: str, config: ConsumerConfig) -> None:
    """Creates the durable consumer, or updates an existing one to `config`. Raises DeclarationRefused."""
    with transport():
        try:
            await js.add_consumer(stream, config)
        except nats.js.errors.APIError as error:
            raise _refused(f"consumer {config.durable_name!r} of stream {stream!r}", error) from error


def _refused(what: str, error: nats.js.errors.APIError) -> BrokerError | nats.js.errors.APIError:
    if is_passing(error):
        return error  # no leader at the moment, or no storage: the options are not the cause
    return DeclarationRefused(
        f"The server does not accept the options of the {what}: {error.description} "
        f"({error.err_code}). Use the options with which it was created, or delete it if its "
        "content is no longer needed."
    )
