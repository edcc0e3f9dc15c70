"""The site's window, as it is used from any loop."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desktop.site_windows import Host, as_the_proxy_sees_it, call, host
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.window import WindowStatus

ODD = "你好 🐉 \u2028 </script> `${1}` \\ \"' \x00 \x1f"


@pytest.mark.slow
async def test_a_call_opens_the_window_hidden_and_its_answer_is_whole(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        assert here.window.status == WindowStatus("closed")

        said = await here.get("/echo", ODD.encode())

        assert said.decode() == ODD
        assert here.states == ["opening", "hidden"]
        assert here.window.news.url == "https://chat.qwen.ai/"
        assert as_the_proxy_sees_it(here.window).news.stored == {"state": "0"}


@pytest.mark.slow
async def test_however_many_wait_one_child_is_started(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await asyncio.gather(*(here.window.ready() for _ in range(20)))

        assert len(here.children()) == 1
        assert [line for line in here.heard if line.startswith("Begin")] == ["Begin /"]


@contextmanager
def other_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.slow
async def test_everything_may_be_asked_from_another_loop(tmp_path: Path) -> None:
    with other_loop() as loop:
        started = Host(tmp_path / "p")

        async def begin() -> None:
            started.window.begin()

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(begin(), loop))
        window = started.window

        assert await started.get("/echo", ODD.encode()) == ODD.encode()
        assert await window.renew(lambda stored: stored.get("state") == "1") == {"state": "1"}
        assert [cookie.name for cookie in await window.cookies()] == ["acw_tc"]
        window.show("/auth")
        await comes(lambda: window.status.state == "shown")
        window.hide()
        await comes(lambda: window.status.state == "hidden")
        async with window.fetch(call("/x?text=a&open=1"), lambda: 20.0) as answer:
            assert await answer.read() == b"a"
            await window.close()
            with pytest.raises(ProxyError, match="window"):
                await answer.read()
        await window.forget()
        await window.end()

        assert window.status.state == "closed"


@pytest.mark.slow
async def test_who_gives_up_waiting_in_another_loop_leaves_nothing(tmp_path: Path) -> None:
    with other_loop() as loop:
        started = Host(tmp_path / "p", "unloaded", idle_s=0.2)

        async def begin() -> None:
            started.window.begin()

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(begin(), loop))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await started.window.ready()

        await comes(lambda: started.states[-1:] == ["closed"])
        await started.window.end()


async def test_without_a_loop_there_is_no_window(tmp_path: Path) -> None:
    with pytest.raises(ProxyError) as caught:
        await Host(tmp_path / "p").window.ready()

    assert caught.value.kind is Kind.WINDOW_CLOSED
