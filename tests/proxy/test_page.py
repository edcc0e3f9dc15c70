"""Calls that the window's page makes, as the proxy has them made."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.desktop.site_windows import Host, host
from tests.waiting import comes
from tray_app.core.calls import Call
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Session
from tray_app.proxy.limits import Limits
from tray_app.proxy.page import PageTransport
from tray_app.proxy.transport import Body, Transport
from tray_app.upstreams.qwen import QWEN, SITE

SESSION = Session("a-token", {"acw_tc": "a-cookie"}, by_window=True)


@asynccontextmanager
async def page(
    profile: Path, is_asking: Callable[[], bool] = lambda: False, **limits: float
) -> AsyncIterator[tuple[PageTransport, Host]]:
    """The transport of a window."""
    numbers = Limits(**limits)  # type: ignore[arg-type]
    async with host(profile) as here:
        transport = PageTransport(
            here.window, SITE, QWEN, lambda: numbers, is_asking, time.monotonic
        )
        yield transport, here


async def fails(transport: Transport, call: Call) -> Kind:
    """The kind of error that a call is."""
    with pytest.raises(ProxyError) as caught:
        await transport.call(call, SESSION, lambda _: None)
    return caught.value.kind


async def test_a_call_opens_the_window_and_brings_its_answer(tmp_path: Path) -> None:
    heads: list[Body] = []
    async with page(tmp_path / "p") as (transport, _):
        call = Call("GET", "/x?status=429&text=a&times=3")
        answer = await transport.call(call, SESSION, heads.append)

    assert (answer.status, answer.body) == (429, b"aaa")
    assert answer.headers["content-type"] == "text/plain"
    assert heads[0].status == 429
    assert heads[0].cookies == ()
    assert parsedate_to_datetime(answer.headers["date"]).timestamp() == pytest.approx(
        time.time(), abs=60
    )


async def test_only_what_the_pages_own_code_would_say_is_said(tmp_path: Path) -> None:
    """S116"""
    async with page(tmp_path / "p") as (transport, _):
        call = Call("POST", "/told", body=b'{"a": 1}', streams=True)
        told = json.loads((await transport.call(call, SESSION, lambda _: None)).body)
        bare = Call("GET", "/told", signed=False)
        unsigned = json.loads((await transport.call(bare, None, lambda _: None)).body)

    assert (told["method"], told["path"], told["body"]) == ("POST", "/told", '{"a": 1}')
    assert told["bearer"] == "qwen_access_token_state"
    assert {name.lower() for name in told["headers"]} == {
        "accept", "content-type", "source", "version", "timezone", "x-request-id",
        "x-accel-buffering",
    }  # fmt: skip
    assert "a-token" not in str(told)
    assert "a-cookie" not in str(told)
    assert (unsigned["body"], unsigned["bearer"]) == (None, "")


async def test_an_answer_is_read_as_it_comes_and_ends_with_who_reads_it(tmp_path: Path) -> None:
    async with page(tmp_path / "p") as (transport, here):
        call = Call("GET", "/x?text=a&times=2&apart_s=0.2&open=1", streams=True)
        async with transport.open(call, SESSION) as body:
            text = b""
            while text != b"aa":
                text += await body.read()

        await comes(lambda: "Abort" in here.heard)


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """S115"""
    async with page(tmp_path / "p") as (transport, _):
        assert await fails(transport, Call("GET", "/x?status=0")) is Kind.UPSTREAM_REDIRECT


async def test_an_answer_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    async with page(tmp_path / "p", answer_bytes=1000) as (transport, _):
        call = Call("GET", "/x?text=a&by=600&times=2")
        assert await fails(transport, call) is Kind.UPSTREAM_BAD_RESPONSE


async def test_the_page_calls_no_host_but_its_own(tmp_path: Path) -> None:
    async with page(tmp_path / "p") as (transport, here):
        assert await fails(transport, Call("GET", "/x", place="auth")) is Kind.INTERNAL_ERROR
        assert here.heard == []


async def test_a_head_has_its_time_but_for_when_a_person_is_asked(tmp_path: Path) -> None:
    asking = [True]
    async with page(tmp_path / "p", lambda: asking[0], headers_s=1.0) as (transport, _):
        calling = asyncio.get_running_loop().create_task(fails(transport, Call("GET", "/hang")))
        await asyncio.sleep(3.5)
        assert not calling.done()
        asking[0] = False
        asked_s = time.monotonic()

        assert await calling is Kind.UPSTREAM_TIMEOUT
        assert time.monotonic() - asked_s < 6.0


async def test_nothing_of_the_window_is_the_transports_to_end(tmp_path: Path) -> None:
    async with page(tmp_path / "p") as (transport, here):
        await transport.call(Call("GET", "/x?text=a"), SESSION, lambda _: None)
        transport.wake()
        await transport.forget()
        await transport.close()

        assert here.window.status.state == "hidden"
