"""Which addresses and names are everybody's: whoever asks us for one of those learns nothing new.

The library's own `is_global` is not asked: it takes multicast, addresses that hold others, and the
clouds' own for public (measured: 2026-11-20).

See: IANA's registries of special-purpose addresses for IPv4 and IPv6.
"""

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NOT_PUBLIC_V4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by customers of one provider; a cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own, among public ones
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_FAKE = ip_network("198.18.0.0/15")
_PUBLIC_V6 = ip_network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # protocols' own; Teredo, which holds another address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which holds another address
        "3fff::/20",
    )
)
_TRANSLATED = ip_network("64:ff9b::/96")
"""Holds the IPv4 address that a network without IPv4 translates it to, in its last four bytes."""

_NAME = re.compile(
    r"(?!.{254})([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?"
)
"""Two parts or more, of which the last begins with a letter: anything else may be a number."""
_OWN_ENDS = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
)

_ANY_PORT = 443
_NETWORK_BITS = {4: 24, 6: 64}
"""How much of an address neighbours have in common: in IPv6 always, in IPv4 mostly."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; text that is none is not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found not in _TRANSLATED:
            return found in _PUBLIC_V6 and not any(found in block for block in _NOT_PUBLIC_V6)
        found = IPv4Address(found.packed[-4:])
    return not any(found in block for block in _NOT_PUBLIC_V4)


def is_fake(address: str) -> bool:
    """Whether an address stands for a name, as some proxies for the whole computer give them."""
    try:
        return ip_address(address) in _FAKE
    except ValueError:
        return False


def is_literal(host: str) -> bool:
    """Whether a host is an IP address, spelled as they should be."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public_name(host: str) -> bool:
    """Whether a host, in lower case, can be a name of the public internet."""
    name = host.removesuffix(".")
    if not _NAME.fullmatch(name):
        return False
    return not any(name == end or name.endswith(f".{end}") for end in _OWN_ENDS)


def is_neighbour(address: str) -> bool:
    """Whether an address is of the network that this computer is itself in by a public address.

    Homes have networks of such addresses, and their printers and routers have some of them. Nothing
    is sent: a datagram socket that is connected only says from where it would send.
    """
    try:
        target = ip_address(address)
        family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, _ANY_PORT))
            source = ip_address(probe.getsockname()[0])
    except (OSError, ValueError):
        # Where there is no way to it, there is no connection either.
        return False
    network = ip_network(f"{source}/{_NETWORK_BITS[target.version]}", strict=False)
    return is_public(str(source)) and target in network


def is_ours(address: str) -> bool:
    """Whether an address is this computer's own: only such a one can be listened on."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
