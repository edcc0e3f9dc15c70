"""Taking a port: both loopbacks, so that nobody else can answer in our name; or saying why not."""

import errno
import ipaddress
import logging
import socket
import sys
from typing import Literal

from tray_app.store.settings import Settings

from .holder import holder_of

_log = logging.getLogger(__name__)

LOOPBACKS = ("127.0.0.1", "::1")
HERE = (*LOOPBACKS, "localhost")
"""What people call this computer."""
_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EADDRNOTAVAIL, errno.ENOPROTOOPT}
_NO_ADDRESS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL}
_PRIVILEGED = 1024
_TRIES = 200


class PortTakenError(Exception):
    """The port cannot be had; its text says why, and names one that can.

    Args:
        sentence: For people who read a terminal.
        code: Whether somebody has it, or the system keeps it.
        holder: The program that has it, where that is known.
        free_port: One that could be had at this moment.
    """

    def __init__(
        self,
        sentence: str,
        code: Literal["port_taken", "port_denied"],
        holder: str,
        free_port: int,
    ) -> None:
        super().__init__(sentence)
        self.code, self.holder, self.free_port = code, holder, free_port


class AddressGoneError(Exception):
    """This computer does not have the address; its text says so to people."""


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Listening sockets on both loopbacks, or on one address.

    A machine without IPv6 is served over IPv4 alone; a second loopback that somebody else holds is
    as bad as the first, because `localhost` may lead to either. Another port is never taken
    instead: clients would go on sending their key to this one.

    Raises:
        PortTakenError: It cannot be had.
        AddressGoneError: This computer does not have the address.
    """
    hosts = list(LOOPBACKS) if host is None or host in HERE else [host]
    sockets: list[socket.socket] = []
    for one in hosts:
        try:
            sockets.append(_bound(one, sockets[0].getsockname()[1] if sockets else port))
        except OSError as error:
            if sockets and error.errno in _NO_IPV6:
                _log.warning("listen=ipv4-only reason=%s", errno.errorcode.get(error.errno, "?"))
                break
            close(sockets)
            raise _explained(error, one, port, hosts) from None
    return sockets


def listen_beside(host: str, port: int) -> socket.socket:
    """A listening socket on one address more; raises as `listen` does."""
    try:
        return _bound(host, port)
    except OSError as error:
        raise _explained(error, host, port, [*LOOPBACKS, host]) from None


def is_ours(host: str) -> bool:
    """Whether this computer has the address at this moment, and may listen there."""
    try:
        _bound(host, 0).close()
    except OSError:
        return False
    return True


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
    except OSError:
        sock.close()
        raise
    return sock


def close(sockets: list[socket.socket]) -> None:
    """Let go of ports that were taken."""
    for sock in sockets:
        sock.close()


def _explained(error: OSError, host: str, port: int, hosts: list[str]) -> Exception:
    """The error in one sentence and one action."""
    if error.errno in _NO_ADDRESS:
        return AddressGoneError(f"This computer does not have the address {host}.")
    if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
        return error
    free_port = _free_port(port, hosts)
    choice = f"choose another port: portico settings set port {free_port}"
    if error.errno == errno.EACCES:
        sentence = f"{_refusal(host, port)}. {choice[0].upper()}{choice[1:]}"
        return PortTakenError(sentence, "port_denied", "", free_port)
    holder = holder_of(host, port)
    told = f" ({holder})" if holder else ""
    sentence = (
        f"Port {port} on {host} is used by another program{told}. Stop that program, or {choice}"
    )
    return PortTakenError(sentence, "port_taken", holder, free_port)


def _refusal(host: str, port: int) -> str:
    """Why the system keeps a port from us that nobody may use."""
    if sys.platform == "win32":
        return f"Windows keeps port {port} on {host} for itself"
    if port < _PRIVILEGED:
        return f"Ports below {_PRIVILEGED} such as {port} need rights that Portico does not have"
    return f"The system does not let Portico use port {port} on {host}"


def _free_port(port: int, hosts: list[str]) -> int:
    """A port that can be had on all these addresses at this moment, the next one if possible."""
    first = port + 1 if port >= _PRIVILEGED else Settings().port
    for candidate in range(first, min(first + _TRIES, 65_536)):
        if _is_free(candidate, hosts):
            return candidate
    with _bound(hosts[0], 0) as any_port:
        found: int = any_port.getsockname()[1]
    return found


def _is_free(port: int, hosts: list[str]) -> bool:
    for host in hosts:
        try:
            _bound(host, port).close()
        except OSError as error:
            if host == hosts[0] or error.errno not in _NO_IPV6:
                return False
    return True
