"""Connections of our calls, against a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.connecting import Trace, deadline, new_client
from tray_app.proxy.foreign import NoConnectionError

_LONG_S = 60.0


@asynccontextmanager
async def _served(head: Callable[[], asyncio.Future[None]] | None = None) -> AsyncIterator[str]:
    """The address of a server that answers at once, or when its `head` lets it."""

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        if head is not None:
            await head()
        return web.Response(text="ok")

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _asked(client: aiohttp.ClientSession, url: str, head_s: float = _LONG_S) -> Trace:
    trace = Trace(head_s)
    async with deadline(_LONG_S, Kind.UPSTREAM_TIMEOUT, trace):
        response = await client.get(url)
    await response.read()
    return trace


def test_a_call_knows_whether_its_connection_was_kept() -> None:
    async def look() -> list[tuple[bool, bool]]:
        async with _served() as url, new_client() as client:
            traces = [await _asked(client, url) for _ in range(2)]
        return [(trace.connected, trace.reused) for trace in traces]

    assert asyncio.run(look()) == [(True, False), (True, True)]


def test_calls_beside_each_other_know_each_their_own() -> None:
    async def look() -> list[bool]:
        async with _served() as url, new_client() as client:
            await _asked(client, url)
            traces = await asyncio.gather(*(_asked(client, url) for _ in range(3)))
        return sorted(trace.reused for trace in traces)

    assert asyncio.run(look()) == [False, False, True]


def test_with_a_connection_it_is_the_head_that_is_late() -> None:
    async def look() -> ProxyError:
        never = asyncio.get_running_loop().create_future
        async with _served(never) as url, new_client() as client:
            with pytest.raises(ProxyError) as late:
                await _asked(client, url, 0.05)
        return late.value

    error = asyncio.run(look())
    assert error.kind is Kind.UPSTREAM_TIMEOUT
    assert not isinstance(error, NoConnectionError)


def test_without_a_connection_nothing_was_sent() -> None:
    async def look() -> None:
        async with deadline(0.01, Kind.UPSTREAM_TIMEOUT, Trace(_LONG_S)):
            await asyncio.Event().wait()

    with pytest.raises(NoConnectionError):
        asyncio.run(look())


def test_the_systems_own_timeout_is_late_as_well() -> None:
    async def look() -> None:
        async with deadline(_LONG_S, Kind.UPSTREAM_TIMEOUT):
            raise TimeoutError

    with pytest.raises(ProxyError) as late:
        asyncio.run(look())
    assert late.value.kind is Kind.UPSTREAM_TIMEOUT
