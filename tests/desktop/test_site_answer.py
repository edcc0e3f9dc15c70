"""An answer of the page, while it is read: its head, its pieces, its end."""

import asyncio
from pathlib import Path

import pytest

from tests.desktop.site_windows import call, host
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError


@pytest.mark.slow
async def test_the_head_comes_before_the_body(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        path = "/x?status=429&text=a&times=3&apart_s=0.2&open=1"
        async with here.window.fetch(call(path), lambda: 20.0) as answer:
            assert (answer.status, answer.headers) == (429, {"content-type": "text/plain"})
            text = b""
            while text != b"aaa":
                text += await answer.read()


@pytest.mark.slow
async def test_a_head_that_does_not_come_is_a_timeout_that_can_be_put_off(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        told: list[float | None] = [None, None, 0.5, 0.0]

        with pytest.raises(ProxyError) as caught:
            async with here.window.fetch(call("/hang"), lambda: told.pop(0)):
                pass

        assert caught.value.kind is Kind.UPSTREAM_TIMEOUT
        assert 2.0 < loop.time() - began_s < 8.0
        await comes(lambda: "Abort" in here.heard)


@pytest.mark.slow
async def test_what_came_is_read_before_the_end_is_told(tmp_path: Path) -> None:
    async with (
        host(tmp_path / "p") as here,
        here.window.fetch(call("/x?text=a&why=network"), lambda: 20.0) as answer,
    ):
        await asyncio.sleep(0.5)
        assert await answer.read() == b"a"
        with pytest.raises(ProxyError):
            await answer.read()


@pytest.mark.slow
async def test_a_reader_that_does_not_read_cannot_fill_the_memory(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        path = "/x?text=a&by=131072&times=300"
        async with here.window.fetch(call(path), lambda: 20.0) as answer:
            await here.get("/x?text=b")
            read = 0
            with pytest.raises(ProxyError) as caught:
                while data := await answer.read():
                    read += len(data)

        assert caught.value.kind is Kind.UPSTREAM_EVENT_TOO_LARGE
        assert read <= 32 << 20


@pytest.mark.slow
async def test_an_answer_that_is_read_may_be_long(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        assert len(await here.get("/x?text=a&by=131072&times=300")) == 300 * (128 << 10)
