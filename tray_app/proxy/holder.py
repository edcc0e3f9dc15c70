"""Who holds a port, as far as the system tells without privileges and without asking the holder."""

import contextlib
import ipaddress
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_LISTENS = "0A"


def holder_of(host: str, port: int) -> str:
    """The program that listens there and its process, as people read it; empty where unknown.

    Only Linux tells, and only of processes that this user may look into.
    """
    if not sys.platform.startswith("linux"):
        return ""
    inodes = set(_inodes(ipaddress.ip_address(host), port))
    return _program_with({f"socket:[{inode}]" for inode in inodes}) if inodes else ""


def _inodes(host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> Iterator[str]:
    """The numbers of the sockets that listen on this address, or on all of them."""
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", name).read_text(encoding="utf-8").splitlines()[1:]:
                words = line.split()
                where, _, at = words[1].partition(":")
                if words[3] == _LISTENS and int(at, 16) == port:
                    address = _address(where)
                    if address == host or address.is_unspecified:
                        yield words[9]


def _address(told: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address as the kernel prints it: words of 32 bits in this computer's byte order."""
    words = [int(told[at : at + 8], 16) for at in range(0, len(told), 8)]
    data = struct.pack(f"={len(words)}I", *words)
    found = ipaddress.ip_address(data)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _program_with(sockets: set[str]) -> str:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            # It may end, or belong to somebody else.
            with contextlib.suppress(OSError):
                if any(_target(file) in sockets for file in (process / "fd").iterdir()):
                    return f"{_name_of(process)}, process {process.name}"
    return ""


def _target(file: Path) -> str:
    try:
        return str(file.readlink())
    except OSError:
        return ""


def _name_of(process: Path) -> str:
    """What a process calls itself; that may be anything, so only what can be shown is."""
    name = (process / "comm").read_text(encoding="utf-8", errors="replace")
    return "".join(char for char in name if char.isprintable()).strip() or "no name"
