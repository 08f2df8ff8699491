"""A TCP proxy that can be cut, to lose a connection at any moment."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from urllib.parse import urlsplit


class Proxy:
    """Forwards to `url`; `cut` drops every connection, and `refuse` takes no new ones until `admit`.

    `cut_at` cuts behind the first piece that contains these bytes: it arrives, its answer does not. `lose_at` cuts
    before it, so that it is lost.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 4222)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._lock = threading.Lock()
        self._refusing = False
        self._closed = False
        self.cut_at: bytes | None = None
        self.lose_at: bytes | None = None
        self.cuts = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Closes every connection, in the middle of whatever it was doing."""
        with self._lock:
            for end in list(self._pairs):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """The server is away: connections are lost, and new ones are closed at once."""
        self._refusing = True
        self.cut()

    def admit(self) -> None:
        """The server is back."""
        self._refusing = False

    def close(self) -> None:
        self._closed = True
        self.cut()
        self._thread.join(30)  # a daemon: one that is stuck ends with the process
        self._listener.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(0.05):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._forward(key.fileobj)  # type: ignore[arg-type]
        for end in list(self._pairs):
            self._drop(end)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._refusing:
            client.close()
            return
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        with self._lock:
            self._pairs[client], self._pairs[server] = server, client
        self._selector.register(client, selectors.EVENT_READ)
        self._selector.register(server, selectors.EVENT_READ)

    def _forward(self, end: socket.socket) -> None:
        if end not in self._pairs:
            return
        try:
            data = end.recv(65536)
            if not data:
                self._drop(end)
                return
            if self.lose_at is not None and self.lose_at in data:
                self.lose_at = None
                self._drop(end)
                return
            self._pairs[end].sendall(data)
            if self.cut_at is not None and self.cut_at in data:
                self.cut_at, self.cuts = None, self.cuts + 1
                self._drop(end)
        except OSError:
            self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        with self._lock:
            other = self._pairs.pop(end, None)
            ends = [end] if other is None else [end, other]
            if other is not None:
                self._pairs.pop(other, None)
        for each in ends:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(each)
            each.close()
