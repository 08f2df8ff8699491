"""Maps the exceptions of Playwright and httpcore, and time-outs, to failures with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.network import Unreachable, why_not_connected
from engine.portal.pausable_timeout import TimeIsUp

#: Patterns of Playwright's error messages and their meanings; the first match counts.
_MEANINGS: tuple[tuple[str, Reason, str], ...] = (
    (
        r"has been closed|crashed|Connection closed|disposed|disconnected",
        Reason.BROWSER_CRASHED,
        "the browser crashed",
    ),
    (r"Timeout \d+ms exceeded|TIMED_OUT|ETIMEDOUT", Reason.TIMED_OUT, "no response in time"),
    (r"ECONNREFUSED|ERR_CONNECTION_REFUSED", Reason.PORTAL_UNAVAILABLE, "the portal refuses connections"),
    (
        r"ENOTFOUND|EAI_AGAIN|ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED|E(HOST|NET)UNREACH|UNREACHABLE",
        Reason.PORTAL_UNAVAILABLE,
        "the portal cannot be reached",
    ),
    (r"ERR_CERT|ERR_SSL|certificate", Reason.PORTAL_UNAVAILABLE, "the portal's certificate is not valid"),
    (
        r"socket hang up|ECONNRESET|EPIPE|aborted|terminated|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|"
        r"ERR_CONTENT_LENGTH|ERR_HTTP2|ERR_INVALID_CHUNKED",
        Reason.CONNECTION_LOST,
        "the connection was interrupted",
    ),
    (
        r"Parse Error|HPE_|incorrect header|unexpected end of file|ERR_CONTENT_DECODING|ERR_INVALID_RESPONSE",
        Reason.BAD_ANSWER,
        "the response violates HTTP",
    ),
)


@contextmanager
def map_portal_errors(doing: str) -> Iterator[None]:
    """Turns errors of the body into `PortalFailure`. `doing` names the action, such as "the sign-in"."""
    try:
        yield
    except PlaywrightError as error:
        reason, meaning = meaning_of(str(error))
        raise PortalFailure(Failure(reason, f"{doing}: {meaning}")) from error
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
        httpcore.ProxyError,
    ) as error:
        reason, meaning = meaning_of_call(error)
        raise PortalFailure(Failure(reason, f"{doing}: {meaning}")) from error
    except Unreachable as error:
        raise PortalFailure(Failure(Reason.PORTAL_UNAVAILABLE, f"{doing}: {error}")) from error
    except TimeIsUp as error:
        raise PortalFailure(Failure(Reason.TIMED_OUT, f"{doing}: no response in time")) from error


def meaning_of_call(error: Exception) -> tuple[Reason, str]:
    """The reason and meaning of an error of the HTTP client."""
    match error:
        case httpcore.ProxyError():
            return Reason.PORTAL_UNAVAILABLE, "the proxy (HTTPS_PROXY) refuses the connection"
        case httpcore.ConnectError():
            return Reason.PORTAL_UNAVAILABLE, f"the portal {why_not_connected(error)}"
        case httpcore.TimeoutException():
            return Reason.TIMED_OUT, "no response in time"
        case httpcore.RemoteProtocolError() if not re.search(
            "disconnected|without sending complete|closed", str(error)
        ):
            return Reason.BAD_ANSWER, "the response violates HTTP"
        case httpcore.LocalProtocolError():
            return Reason.INTERNAL, "the request violates HTTP"
    return Reason.CONNECTION_LOST, "the connection was interrupted"


def meaning_of(message: str) -> tuple[Reason, str]:
    """The reason and meaning of Playwright's message: its first line, since the call log quotes headers."""
    first = message.partition("\n")[0]
    for words, reason, meaning in _MEANINGS:
        if re.search(words, first, re.IGNORECASE):
            return reason, meaning
    return Reason.INTERNAL, "the browser reports an unknown error"
