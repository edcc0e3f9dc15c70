"""An HTTP proxy on loopback, as companies have them: it leads to a site of the test's own."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class OutboundProxy:
    """A proxy that leads wherever it is asked for to one place of this computer."""

    target: int
    """The port that it connects everybody to."""
    answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    """What it says first; only with a 200 there is a line."""
    port: int = 0
    heads: list[str] = field(default_factory=list)
    """What it was asked."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def outbound(
    target: int = 0, answer: bytes | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[OutboundProxy]:
    """A proxy that runs until the context ends; without a target it says yes and leads nowhere."""
    proxy = OutboundProxy(target)
    if answer is not None:
        proxy.answer = answer

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines = []
            while (line := self.rfile.readline()) not in {b"\r\n", b""}:
                lines.append(line.decode().rstrip())
            proxy.heads.append("\n".join(lines))
            self.wfile.write(proxy.answer)
            if b" 200 " in proxy.answer and proxy.target:
                with socket.create_connection(("127.0.0.1", proxy.target)) as site:
                    back = threading.Thread(target=_pour, args=(site, self.connection))
                    back.start()
                    _pour(self.connection, site)
                    back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        proxy.port = server.server_address[1]
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            serving.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    # Also after a reset: the one that pours back would wait for ever.
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
