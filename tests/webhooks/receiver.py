"""A simple receiver of webhooks: it keeps what was posted, and returns configured statuses by path."""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

#: Takes the request and says nothing, until the receiver stops.
HANG = 0


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """Its content, after an independent library has checked its signature."""
        return Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """`statuses[path]` are the statuses to return, each once, and then always the last one; `headers` go with all."""

    def __init__(self, certificate: ssl.SSLContext | None = None) -> None:
        self.posted: list[Posted] = []
        self.statuses: dict[str, deque[int]] = defaultdict(lambda: deque([200]))
        self.headers: dict[str, str] = {}
        self.over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.posted.append(Posted(self.path, headers, body))
                statuses = receiver.statuses[self.path]
                status = statuses.popleft() if len(statuses) > 1 else statuses[0]
                if status == HANG:
                    receiver.over.wait(60)
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the test says what it saw."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            # The handshake is for the thread of each request: in the one that accepts, who says nothing would keep
            # everybody else waiting, and `stop` as well.
            self._server.socket = certificate.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a disconnect is not an error
        self.scheme = "http" if certificate is None else "https"
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def at(self, path: str) -> list[Posted]:
        return [one for one in list(self.posted) if one.path == path]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def receiving(certificate: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(certificate)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
