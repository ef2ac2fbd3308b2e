"""A wire between a run and its database that is cut after so many bytes.

Belongs here: passing bytes on, counting and cutting them. Does not: what a run must make of it (tests).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

CHUNK = 1 << 16


class CuttingProxy:
    """Passes connections on to a port of this machine. Use as `with CuttingProxy(port).listening() as proxy`.

    `cut_at`: bytes of answers after which a connection is cut; None lets all pass. `cuts`: how many are cut before it
    leaves them alone. `before_cut` is called just before each.
    """

    def __init__(
        self, port: int, cut_at: int | None = None, cuts: int = 1, before_cut: Callable[[], None] = lambda: None
    ) -> None:
        self._to = port
        self._cut_at = cut_at
        self._cuts = cuts
        self._before_cut = before_cut
        self.cuts_made = 0
        self.most_answered = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[CuttingProxy]:
        """Accept connections for the duration of the block, on `port`."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            # A listener that is only closed goes on waiting in its thread.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            accepting.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            answered = 0
            while data := server.recv(CHUNK):
                answered += len(data)
                self.most_answered = max(self.most_answered, answered)
                if self._cut_at is not None and answered >= self._cut_at and self.cuts_made < self._cuts:
                    self.cuts_made += 1
                    self._before_cut()
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


def _pump(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := client.recv(CHUNK):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)
