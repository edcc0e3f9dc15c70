"""The site's window, from any loop: calls of its page, and what ends them."""

import asyncio
import signal
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


async def fails(host: Host, path: str, body: bytes | None = None) -> ProxyError:
    """How a call ends."""
    with pytest.raises(ProxyError) as caught:
        await host.get(path, body)
    return caught.value


async def test_a_call_opens_the_window_hidden_and_its_answer_is_whole(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        assert here.window.status == WindowStatus("closed")

        said = await here.get("/echo", ODD.encode())

        assert said.decode() == ODD
        assert here.states == ["opening", "hidden"]
        assert here.window.news.url == "https://chat.qwen.ai/"
        assert as_the_proxy_sees_it(here.window).news.stored == {"state": "0"}


async def test_the_head_comes_before_the_body(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        path = "/x?status=429&text=a&times=3&apart_s=0.2&open=1"
        async with here.window.fetch(call(path), lambda: 20.0) as answer:
            assert (answer.status, answer.headers) == (429, {"content-type": "text/plain"})
            text = b""
            while text != b"aaa":
                text += await answer.read()


async def test_however_many_wait_one_child_is_started(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await asyncio.gather(*(here.window.ready() for _ in range(20)))

        assert len(here.children()) == 1
        assert [line for line in here.heard if line.startswith("Begin")] == ["Begin /"]


async def test_many_answers_do_not_mix(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        asked = [f"/x?text={at}&times=50" for at in range(30)]

        answers = await asyncio.gather(*(here.get(path) for path in asked))

        assert answers == [f"{at}".encode() * 50 for at in range(30)]


async def test_who_leaves_ends_the_call_and_who_has_all_does_not(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.get("/x?text=a")
        async with here.window.fetch(call("/x?text=a&open=1"), lambda: 20.0) as answer:
            await answer.read()
        await comes(lambda: "Abort" in here.heard)

        await here.get("/x?text=b")

        assert here.heard.count("Abort") == 1


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


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/x?no_head=1&why=network", Kind.UPSTREAM_UNREACHABLE),
        ("/x?no_head=1&why=offline", Kind.UPSTREAM_UNREACHABLE),
        ("/x?no_head=1&why=unusable", Kind.WINDOW_STUCK),
        ("/x?no_head=1&why=left", Kind.UPSTREAM_DISCONNECTED),
        ("/x?no_head=1", Kind.UPSTREAM_DISCONNECTED),
        ("/x?text=a&why=network", Kind.UPSTREAM_DISCONNECTED),
        ("/x?text=a&why=left", Kind.UPSTREAM_DISCONNECTED),
        ("/x?text=a&why=too_large", Kind.UPSTREAM_EVENT_TOO_LARGE),
        ("/checks", Kind.VERIFICATION_NEEDED),
    ],
)
async def test_each_end_is_told_as_what_it_is(tmp_path: Path, path: str, kind: Kind) -> None:
    async with host(tmp_path / "p") as here:
        assert (await fails(here, path)).kind is kind


async def test_what_came_is_read_before_the_end_is_told(tmp_path: Path) -> None:
    async with (
        host(tmp_path / "p") as here,
        here.window.fetch(call("/x?text=a&why=network"), lambda: 20.0) as answer,
    ):
        await asyncio.sleep(0.5)
        assert await answer.read() == b"a"
        with pytest.raises(ProxyError):
            await answer.read()


async def test_a_page_that_asks_for_a_person_is_asked_nothing_more(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await fails(here, "/checks")
        before = here.heard

        assert (await fails(here, "/x?text=a")).kind is Kind.VERIFICATION_NEEDED

        assert here.heard == before


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


async def test_an_answer_that_is_read_may_be_long(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        assert len(await here.get("/x?text=a&by=131072&times=300")) == 300 * (128 << 10)


async def test_a_child_that_dies_ends_its_calls_at_once_and_the_next_one_works(
    tmp_path: Path,
) -> None:
    """R65"""
    async with host(tmp_path / "p") as here:
        loop = asyncio.get_running_loop()
        async with here.window.fetch(call("/x?text=a&open=1"), lambda: 20.0) as answer:
            await answer.read()
            killed_s = loop.time()
            here.children()[0].send_signal(signal.SIGKILL)
            with pytest.raises(ProxyError) as caught:
                await answer.read()
            assert loop.time() - killed_s < 1.0

        assert caught.value.kind is Kind.WINDOW_CLOSED
        assert here.window.status == WindowStatus("closed")
        assert await here.get("/x?text=b") == b"b"


async def test_a_page_that_hangs_is_ended_and_the_next_one_works(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        here.children()[0].send_signal(signal.SIGSTOP)

        assert (await fails(here, "/x?text=a")).kind is Kind.WINDOW_STUCK
        assert await here.get("/x?text=b") == b"b"


async def test_a_child_that_says_what_cannot_be_read_is_not_trusted_with_answers(
    tmp_path: Path,
) -> None:
    """S97"""
    async with host(tmp_path / "p") as here:
        assert (await fails(here, "/odd")).kind is Kind.WINDOW_STUCK
        assert await here.get("/x?text=b") == b"b"


async def test_what_nobody_asked_for_reaches_nobody(tmp_path: Path) -> None:
    """S97"""
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        hanging = asyncio.gather(fails(here, "/hang"), here.get("/x?text=b"))
        await comes(lambda: "Fetch /x?text=b" in here.heard)
        await here.window.close()

        error, text = await hanging
        assert (error.kind, text) == (Kind.WINDOW_CLOSED, b"b")


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
            await window.close()
            await answer.read()
            with pytest.raises(ProxyError, match="window"):
                await answer.read()
        await window.forget()
        await window.end()

        assert window.status.state == "closed"


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
