"""One child of the site's window: the calls of its page, and what ends them."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.desktop.site_windows import Host, call, host
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.window import WindowStatus
from tray_app.upstreams.qwen import SITE


async def fails(host: Host, path: str, body: bytes | None = None) -> ProxyError:
    """How a call ends."""
    with pytest.raises(ProxyError) as caught:
        await host.get(path, body)
    return caught.value


@pytest.mark.slow
async def test_many_answers_do_not_mix(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        asked = [f"/x?text={at}&times=50" for at in range(30)]

        answers = await asyncio.gather(*(here.get(path) for path in asked))

        assert answers == [f"{at}".encode() * 50 for at in range(30)]


@pytest.mark.slow
async def test_who_leaves_ends_the_call_and_who_has_all_does_not(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.get("/x?text=a")
        async with here.window.fetch(call("/x?text=a&open=1"), lambda: 20.0) as answer:
            await answer.read()
        await comes(lambda: "Abort" in here.heard)

        await here.get("/x?text=b")

        assert here.heard.count("Abort") == 1


@pytest.mark.slow
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


@pytest.mark.slow
async def test_a_page_that_asks_for_a_person_is_asked_nothing_more(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await fails(here, "/checks")
        before = here.heard

        assert (await fails(here, "/x?text=a")).kind is Kind.VERIFICATION_NEEDED

        assert here.heard == before


@pytest.mark.slow
async def test_the_check_is_known_before_the_call_that_was_lost_to_it_ends(
    tmp_path: Path,
) -> None:
    async with host(tmp_path / "p") as here:
        known: list[str] = []

        def told() -> None:
            if SITE.pages.check_path in here.window.news.url:
                # In this time the end of the call would reach whoever waits in another thread.
                time.sleep(0.3)
                known.append(here.window.news.url)

        def loses() -> list[str]:
            error = asyncio.run(fails(here, "/checks"))
            return known if error.kind is Kind.VERIFICATION_NEEDED else []

        here.window.follow(told)
        known_at_the_end = await asyncio.to_thread(lambda: [*loses()])

        assert known_at_the_end


@pytest.mark.slow
async def test_a_page_that_is_left_asks_nobody_any_more(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await fails(here, "/checks")
        here.window.show("/")
        here.window.hide()
        await asyncio.sleep(0)

        assert await here.get("/x?text=a") == b"a"


@pytest.mark.slow
async def test_a_window_that_opens_at_a_check_says_so_and_tells_its_cookies(tmp_path: Path) -> None:
    async with host(tmp_path / "p", "checked") as here:
        assert (await fails(here, "/x?text=a")).kind is Kind.VERIFICATION_NEEDED
        with pytest.raises(ProxyError) as caught:
            await here.window.ready()

        assert caught.value.kind is Kind.VERIFICATION_NEEDED
        assert [cookie.name for cookie in await here.window.cookies()] == ["acw_tc"]
        assert not [line for line in here.heard if line.startswith("Fetch")]


@pytest.mark.slow
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


@pytest.mark.slow
async def test_a_page_that_hangs_is_ended_and_the_next_one_works(tmp_path: Path) -> None:
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        here.children()[0].send_signal(signal.SIGSTOP)

        assert (await fails(here, "/x?text=a")).kind is Kind.WINDOW_STUCK
        assert await here.get("/x?text=b") == b"b"


@pytest.mark.slow
async def test_a_child_that_says_what_cannot_be_read_is_not_trusted_with_answers(
    tmp_path: Path,
) -> None:
    """S97"""
    async with host(tmp_path / "p") as here:
        assert (await fails(here, "/odd")).kind is Kind.WINDOW_STUCK
        assert await here.get("/x?text=b") == b"b"


@pytest.mark.slow
async def test_what_nobody_asked_for_reaches_nobody(tmp_path: Path) -> None:
    """S97"""
    async with host(tmp_path / "p") as here:
        await here.window.ready()
        hanging = asyncio.gather(fails(here, "/hang"), here.get("/x?text=b"))
        await comes(lambda: "Fetch /x?text=b" in here.heard)
        await here.window.close()

        error, text = await hanging
        assert (error.kind, text) == (Kind.WINDOW_CLOSED, b"b")
