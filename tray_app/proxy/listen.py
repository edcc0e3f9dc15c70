"""Taking the port: both loopbacks, so that nobody else can answer in our name."""

import errno
import ipaddress
import socket
import sys


class PortTakenError(Exception):
    """Somebody else listens on the port; its text says so to people."""


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Listening sockets on both loopbacks, or on one address; raises `PortTakenError`.

    A machine without IPv6 is served over IPv4 alone; a second loopback that somebody else holds is
    as bad as the first, because `localhost` may lead to either.
    """
    if host is not None and host not in {"localhost", "127.0.0.1", "::1"}:
        return [_bound(host, port)]
    first = _bound("127.0.0.1", port)
    taken: int = first.getsockname()[1]
    try:
        return [first, _bound("::1", taken)]
    except PortTakenError:
        first.close()
        raise
    except OSError:
        return [first]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise PortTakenError(
                f"Port {port} on {host} is used by another program. Stop that program, or choose "
                f"another port: portico settings set port {port + 1}"
            ) from None
        raise
    return sock
