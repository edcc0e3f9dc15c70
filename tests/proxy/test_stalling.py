"""Clients that take nothing, or little, on real sockets: R7, R8."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.harness import running
from tests.proxy.test_leaving import connect
from tests.waiting import comes, until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.proxy.stalling import Stall

LIMIT_S = 0.6
LARGE = 16 << 20
"""More than the system keeps for two sides of a connection."""


class Writing(asyncio.Protocol):
    """Writes much to whoever comes, watched by a `Stall`."""

    def __init__(self) -> None:
        self.is_lost = False
        self._stall = Stall(asyncio.get_running_loop(), LIMIT_S)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"x" * LARGE)

    def pause_writing(self) -> None:
        self._stall.begin(self.transport)

    def resume_writing(self) -> None:
        self._stall.end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        self.is_lost = True


@asynccontextmanager
async def written() -> AsyncIterator[tuple[Writing, socket.socket]]:
    """The side that writes, and a client that has read nothing yet."""
    loop = asyncio.get_running_loop()
    sides = [Writing()]
    server = await loop.create_server(lambda: sides[0], "127.0.0.1", 0)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        sock.setblocking(False)
        await loop.sock_connect(sock, server.sockets[0].getsockname())
        await comes(lambda: hasattr(sides[0], "transport"))
        yield sides[0], sock
        sides[0].transport.abort()
    server.close()
    await server.wait_closed()


async def test_who_takes_nothing_is_dropped() -> None:
    """R8"""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with written() as (side, _):
        await comes(lambda: side.is_lost)
        assert loop.time() - began_s >= LIMIT_S
        assert side.transport.get_write_buffer_size() == 0


@pytest.mark.slow
async def test_who_takes_a_little_now_and_then_is_not_dropped() -> None:
    async with written() as (side, sock):
        loop = asyncio.get_running_loop()
        for _ in range(12):
            got = 0
            while got < 1 << 20:
                got += len(await loop.sock_recv(sock, 1 << 18))
            await asyncio.sleep(LIMIT_S / 6)
        assert not side.is_lost


@pytest.mark.slow
async def test_who_has_taken_everything_is_looked_at_no_more() -> None:
    async with written() as (side, sock):
        got = 0
        while got < LARGE:
            got += len(await asyncio.get_running_loop().sock_recv(sock, 1 << 20))
        await asyncio.sleep(2 * LIMIT_S)
        assert not side.is_lost


@pytest.mark.slow
def test_a_whole_answer_that_nobody_takes_is_let_go(site: PracticeSite) -> None:
    """R7, R8"""
    with running(site, limits=Limits(write_stall_s=LIMIT_S)) as proxy:
        site.will(acts.say(*["x" * 100_000] * 200))
        with connect(proxy, stream=False) as sock:
            site.wait_until(lambda: site.deleted, 20)
            house = proxy.service._house
            assert house is not None
            until(lambda: not house.server.connections)
            assert sock.fileno() > 0
        proxy.check_sound()
