"""Taking the port: both loopbacks, so that nobody else can answer in our name, and what a person
opens beside them; and telling afterwards which way a connection came."""

import asyncio
import errno
import ipaddress
import socket
import sys

from msgspec import Struct

_LOOPBACKS = ("127.0.0.1", "::1")
_HERE = (*_LOOPBACKS, "localhost")


class PortTakenError(Exception):
    """Somebody else listens on the port; its text says so to people."""


class AddressGoneError(Exception):
    """This computer does not have the address; its text says so to people."""


class Listening(Struct):
    """What is listened on; whoever asked for it closes the sockets."""

    sockets: list[socket.socket]
    address: str = ""
    """The one that is not one of both loopbacks."""
    note: str = ""
    """What could not be listened on, and what to do."""


def listen_as_asked(host: str | None, network: str, port: int) -> Listening:
    """Listen on what the command line says, else on both loopbacks and on what the settings say.

    Raises:
        PortTakenError: Somebody else has the port on one of the addresses.
        AddressGoneError: This computer does not have the address of the command line. For that of
            the settings this is a note, since an address comes and goes with a cable.
    """
    found = Listening(listen(host, port))
    if host is not None:
        found.address = "" if host in _HERE else host
        return found
    if not network:
        return found
    try:
        found.sockets.append(_bound(network, found.sockets[0].getsockname()[1]))
        found.address = network
    except AddressGoneError as error:
        found.note = (
            f"{error} Other devices cannot reach Portico: restart it once the address is back, or "
            "change the setting network_host."
        )
    except BaseException:
        for sock in found.sockets:
            sock.close()
        raise
    return found


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Listening sockets on both loopbacks, or on one address.

    A machine without IPv6 is served over IPv4 alone; a second loopback that somebody else holds is
    as bad as the first, because `localhost` may lead to either.

    Raises:
        PortTakenError: Somebody else has the port.
        AddressGoneError: This computer does not have the address.
    """
    if host is not None and host not in _HERE:
        return [_bound(host, port)]
    first = _bound("127.0.0.1", port)
    taken: int = first.getsockname()[1]
    try:
        return [first, _bound("::1", taken)]
    except PortTakenError:
        first.close()
        raise
    except (AddressGoneError, OSError):
        return [first]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        raise AddressGoneError(_gone(host)) from None
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
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL}:
            raise AddressGoneError(_gone(host)) from None
        raise
    return sock


def _gone(host: str) -> str:
    return f"This computer does not have the address {host}."


def reached_at(host: str | None) -> str:
    """The host, as it stands in a URL, under which this computer reaches what listens on `host`."""
    if host is None or host in _HERE:
        return "127.0.0.1"
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"


def came_from_here(transport: asyncio.BaseTransport | None) -> bool:
    """Whether a connection came from this computer, by one of both loopbacks.

    The other end is looked at as well: where a kernel routes loopback addresses for others, as some
    set it up for containers, a neighbour's packets arrive there too.
    """
    if transport is None:
        return False
    ours, theirs = (_address(transport.get_extra_info(name)) for name in ("sockname", "peername"))
    return str(ours) in _LOOPBACKS and theirs is not None and theirs.is_loopback


def _address(name: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of a socket's name; an IPv4 one is itself, mapped to IPv6 or not."""
    if not isinstance(name, tuple):
        return None
    address = ipaddress.ip_address(name[0])
    return getattr(address, "ipv4_mapped", None) or address
