"""Where it is listened, and which way a connection came."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.harness import QUICK, running
from tray_app.practice import PracticeSite
from tray_app.proxy.listen import came_from_here, listen_as_asked, reached_at
from tray_app.proxy.ports import AddressGoneError, PortTakenError, listen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


ELSEWHERE = "192.0.2.1"
"""An address that no computer has: RFC 5737 keeps it for documents."""


def test_an_address_of_the_network_is_listened_on_beside_both_loopbacks() -> None:
    port = free_port()
    taken = listen_as_asked(None, "127.0.0.2", port)
    names = [sock.getsockname()[:2] for sock in taken.sockets]
    for sock in taken.sockets:
        sock.close()

    assert names == [("127.0.0.1", port), ("::1", port), ("127.0.0.2", port)]
    assert (taken.address, taken.note) == ("127.0.0.2", "")


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.3", "127.0.0.3"), ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", ""), ("localhost", "")],
)
def test_the_command_line_outranks_the_setting(host: str, address: str) -> None:
    taken = listen_as_asked(host, "127.0.0.2", free_port())
    for sock in taken.sockets:
        sock.close()

    assert taken.address == address
    assert taken.note == ""


def test_a_port_that_is_taken_in_the_network_is_taken_and_nothing_is_kept() -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))
        other.listen()
        with pytest.raises(PortTakenError, match=r"127\.0\.0\.2"):
            listen_as_asked(None, "127.0.0.2", port)
    for sock in listen(None, port):
        sock.close()


def test_an_address_that_is_gone_leaves_the_loopbacks_and_a_note(site: PracticeSite) -> None:
    settings = QUICK.__class__(network_host=ELSEWHERE)
    with running(site, settings=settings) as proxy:
        network = proxy.service.status.network

        assert proxy.chat().status == 200
        assert proxy.ask("GET", "/v1/models", headers={"Host": ELSEWHERE}).status == 200
        assert (network.address, network.endpoint) == ("", "")
        assert ELSEWHERE in network.note
        assert "network_host" in network.note
    with pytest.raises(AddressGoneError, match=ELSEWHERE):
        listen_as_asked(ELSEWHERE, "", free_port())


@pytest.mark.parametrize(
    ("host", "url"),
    [(None, "127.0.0.1"), ("localhost", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"),
     ("192.168.1.5", "192.168.1.5"), ("fd00::5", "[fd00::5]")],
)  # fmt: skip
def test_an_endpoint_names_what_is_listened_on(host: str | None, url: str) -> None:
    assert reached_at(host) == url


async def arrivals(listener: socket.socket, dial: tuple[str, int], source: str) -> list[bool]:
    """What is said of one connection, from this address to that one."""
    seen: list[bool] = []

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(came_from_here(writer.transport))
        writer.close()

    server = await asyncio.start_server(connected, sock=listener)
    reader, writer = await asyncio.open_connection(*dial, local_addr=(source, 0))
    await reader.read()
    writer.close()
    server.close()
    await server.wait_closed()
    return seen


@pytest.mark.parametrize(
    ("listener", "dial", "source", "is_here"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", "127.0.0.9", True),
        ("0.0.0.0", "127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "127.0.0.2", "127.0.0.1", False),
        ("127.0.0.2", "127.0.0.2", "127.0.0.1", False),
        ("::1", "::1", "::1", True),
    ],
)
async def test_the_local_address_of_a_connection_tells_where_it_came_in(
    listener: str, dial: str, source: str, is_here: bool
) -> None:
    [sock] = (
        listen(listener, free_port()) if listener not in {"127.0.0.1", "::1"} else [one(listener)]
    )
    assert await arrivals(sock, (dial, sock.getsockname()[1]), source) == [is_here]


def one(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.bind((host, 0))
    return sock


@pytest.mark.parametrize(("dial", "is_here"), [("127.0.0.1", True), ("127.0.0.2", False)])
async def test_an_address_that_is_mapped_to_ipv6_counts_as_itself(dial: str, is_here: bool) -> None:
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", 0))
    assert await arrivals(sock, (dial, sock.getsockname()[1]), "127.0.0.1") == [is_here]


@pytest.mark.parametrize(
    ("local", "peer", "is_here"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "192.168.1.9", False),
        ("::1", "fe80::9%eth0", False),
        ("192.168.1.5", "192.168.1.5", False),
        ("::ffff:192.168.1.5", "127.0.0.1", False),
    ],
)
def test_packets_of_a_neighbour_are_not_of_this_computer(
    local: str, peer: str, is_here: bool
) -> None:
    names = {"sockname": (local, 7936), "peername": (peer, 40000)}
    assert came_from_here(asyncio.Transport(names)) is is_here


async def test_what_has_no_address_came_from_nowhere(tmp_path: Path) -> None:
    seen: list[bool] = []

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(came_from_here(writer.transport))
        writer.close()

    server = await asyncio.start_unix_server(connected, tmp_path / "s")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    await reader.read()
    writer.close()
    server.close()

    assert seen == [False]
    assert not came_from_here(None)
