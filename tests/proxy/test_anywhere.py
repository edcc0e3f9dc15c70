"""Whatever address is asked for: if anything is connected to, it is of the public internet."""

import asyncio
import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from aiohttp.abc import ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from tests.proxy.strangers import HOME, SITE, Names, fault, fetching, redirect, stranger
from tray_app.proxy.resolver import Resolver


class Watching(asyncio.SelectorEventLoop):
    """A loop that writes down where connections go; those to one port of this computer go there."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: list[str] = []
        self.port = 0

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        if address == (HOME, self.port):
            return await super().sock_connect(sock, address)
        self.tried.append(address[0])
        raise OSError(errno.ENETUNREACH, "nothing leaves this computer")


def tried(address: str, found: list[str], *, redirected: bool = False) -> list[str]:
    """What is connected to for an address, where every name has what was found.

    Args:
        address: Where from; or where to the answer of a public server leads.
        found: Addresses.
        redirected: The latter.
    """
    loop = Watching()

    async def bring() -> None:
        async with stranger() as public:
            loop.port = public.port
            public.answers["/"] = redirect(address)
            bringing = fetching(public, names=_Anything(found))
            await fault(bringing, public.url("/") if redirected else address)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(bring())
    return loop.tried


PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "169.254.169.254", "198.18.0.1", "100.64.0.1", "192.168.0.1", "::1",
    "fd00::1", "fe80::1", "64:ff9b::a00:1", "::ffff:8.8.8.8", "2002:808:808::", "168.63.129.16",
]  # fmt: skip
ADDRESSES = st.one_of(
    st.ip_addresses().map(str),
    st.sampled_from(PUBLIC),
    st.sampled_from(PRIVATE),
)
NUMBERS = st.one_of(
    st.ip_addresses(v=4).map(int),
    st.ip_addresses(v=4).map(lambda found: hex(int(found))),
    st.ip_addresses(v=4).map(lambda found: f"{found.packed[0]:#o}".replace("0o", "0") + ".1"),
    st.sampled_from(
        ["127.1", "0x7f.1", "017700000001", "10.1", "0xa.0.0.1", "1.1", "0x8.0x8.0x808"]
    ),
).map(str)
LITERALS = ADDRESSES.map(lambda found: f"[{found}]" if ":" in found else found)
NAMES = st.sampled_from(
    ["a.example", "A.Example.", "b.example", "localhost", "x.local", "ä.example"]
)
HOSTS = st.one_of(LITERALS, NUMBERS, NAMES, st.text(min_size=1, max_size=6))
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９。")
ODD = ["\t", "\n", "\0", "\\", "%", "@", "#", " ", "/", ".", "。", "\u200b", "%2e", "%00"]
USUAL = ("https://", "", ":443", "/x.png")
UNUSUAL = (
    ["http://", "HTTP://", "http:/", "http:\\\\", "//", "ftp://", "http:///"],
    ["a:b@", "a@", "@", "8.8.8.8@", "8.8.8.8\\@", "127.0.0.1:80@"],
    [":80", ":8443", ":0", ":", ":99999", ":8 0", "#@8.8.8.8", "?@8.8.8.8", "\\@8.8.8.8"],
    ["", "/", "?a=1", "#a", ".8.8.8.8", "@8.8.8.8/", "\\x", "/../x"],
)


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """A good address, with none to three things about it that are not usual."""
    host, parts = draw(HOSTS), list(USUAL)
    for at in draw(st.lists(st.integers(0, 5), max_size=3)):
        match at:
            case 4:
                host = host.translate(WIDE)
            case 5:
                cut = draw(st.integers(0, len(host)))
                host = f"{host[:cut]}{draw(st.sampled_from(ODD))}{host[cut:]}"
            case _:
                parts[at] = draw(st.sampled_from(UNUSUAL[at]))
    scheme, user, port, tail = parts
    return f"{scheme}{user}{host}{port}{tail}"


class _Anything(Names):
    """Every name has what is drawn for it, and every number what the system takes it for."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self._found = found

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            self.known[host] = ["93.184.215.14"] if host == SITE else self._found
            return await super().resolve(host, port, family)
        return await Resolver().resolve(host, port, family)


def is_everybodys(address: str) -> bool:
    """What the library takes for public, without what it takes for it by mistake."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if found in ip_network("64:ff9b::/96"):
            return is_everybodys(str(IPv4Address(found.packed[-4:])))
        return found.is_global and found in ip_network("2000::/3") and found.sixtofour is None
    return found.is_global and not found.is_multicast and address != "168.63.129.16"


@given(spelled(), st.lists(ADDRESSES, min_size=1, max_size=2))
def test_whatever_is_connected_to_is_public(address: str, found: list[str]) -> None:
    """F16"""
    assert [one for one in tried(address, found) if not is_everybodys(one)] == []


@given(spelled(), st.lists(ADDRESSES, min_size=1, max_size=2))
def test_wherever_an_answer_leads_what_is_connected_to_is_public(
    address: str, found: list[str]
) -> None:
    """F16"""
    connected = tried(address, found, redirected=True)

    assert [one for one in connected if not is_everybodys(one)] == []


@given(st.lists(st.sampled_from(PUBLIC), min_size=1, max_size=3))
def test_what_is_public_is_connected_to(found: list[str]) -> None:
    """F16: a guard that lets nothing through would keep the promise as well."""
    literal = f"[{found[0]}]" if ":" in found[0] else found[0]

    assert set(tried("http://pictures.example/x.png", found)) == set(found)
    assert tried(f"https://{literal}:8443/", ["10.0.0.1"]) == found[:1]
    assert tried(f"http://{literal}/", ["10.0.0.1"], redirected=True) == found[:1]


@given(st.lists(st.sampled_from(PUBLIC), max_size=2), st.sampled_from(PRIVATE))
def test_one_private_address_among_public_ones_spoils_them(found: list[str], more: str) -> None:
    """F16"""
    assert tried("http://pictures.example/x.png", [*found, more]) == []
    assert tried("http://pictures.example/x.png", [more, *found]) == []
