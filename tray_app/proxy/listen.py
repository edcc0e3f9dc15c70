"""Listening where a person wants it, and telling afterwards which way a connection came."""

import asyncio
import ipaddress
import socket
from functools import lru_cache

from msgspec import Struct

from .ports import HERE, LOOPBACKS, AddressGoneError, close, listen, listen_beside

_READ = 64
"""So many addresses are remembered: most connections come from the same one."""


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
        found.address = "" if host in HERE else host
        return found
    if not network:
        return found
    try:
        found.sockets.append(listen_beside(network, found.sockets[0].getsockname()[1]))
        found.address = network
    except AddressGoneError as error:
        found.note = (
            f"{error} Other devices cannot reach Portico: restart it once the address is back, or "
            "change the setting network_host."
        )
    except BaseException:
        close(found.sockets)
        raise
    return found


def reached_at(host: str | None) -> str:
    """The host, as it stands in a URL, under which this computer reaches what listens on `host`."""
    if host is None or host in HERE:
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
    return str(ours) in LOOPBACKS and theirs is not None and theirs.is_loopback


def _address(name: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of a socket's name; an IPv4 one is itself, mapped to IPv6 or not."""
    if not isinstance(name, tuple):
        return None
    return _read(name[0])


@lru_cache(maxsize=_READ)
def _read(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address
