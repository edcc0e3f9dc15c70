"""The site's window with its real child and a real page, in front of the practice site."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.bench import frames
from tests.desktop.screen import Screen, is_gone, screen_in
from tests.desktop.site_windows import sign_in_shown, title
from tests.waiting import comes
from tray_app.compose import practice_site
from tray_app.core.errors import Kind, ProxyError
from tray_app.desktop.site_keeper import WindowPlan
from tray_app.desktop.site_window import SiteWindow
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.window import PageCall
from tray_app.upstreams.qwen import QWEN

pytestmark = pytest.mark.desktop
ROOT = Path(__file__).parents[2]
STREAM = PageCall("POST", "/api/v2/chat/completions?chat_id=c1", {"source": "web"}, b"{}")
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def the_screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen_in(tmp_path_factory.mktemp("screen")) as started:
        yield started


@pytest.fixture
def screen(the_screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A screen that the processes of this test use."""
    for name, value in the_screen.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    return the_screen


class Here:
    """A window in front of a site."""

    def __init__(self, site: PracticeSite, profile: Path, idle_s: float = 600.0) -> None:
        self.site = site
        self.place = practice_site(site.origin, site.auth_origin)
        self.window = SiteWindow(WindowPlan(self.place, profile, title, lambda: idle_s))

    def family(self, name: str = "") -> list[psutil.Process]:
        """The processes of the window, those whose command line has this name."""
        found = []
        for one in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if any(name in word for word in one.cmdline()) and not is_gone(one):
                    found.append(one)
        return [one for one in found if one.name() not in {"Xvfb", "openbox", "dbus-daemon"}]

    def child(self) -> psutil.Process:
        """The window's own process."""
        return next(one for one in self.family("tray_app") if "site" in one.cmdline())

    def engine(self) -> psutil.Process:
        """The process of its page."""
        return self.family("WebKitWebProcess")[0]

    async def stream(self, call: PageCall = STREAM) -> bytes:
        """A whole answer."""
        async with self.window.fetch(call, lambda: 30.0) as answer:
            pieces = []
            while data := await answer.read():
                pieces.append(data)
            return b"".join(pieces)

    def token(self, stored: Mapping[str, str] | None = None) -> str:
        """The token that the page keeps."""
        kept = self.window.news.stored if stored is None else stored
        session = QWEN.read_page(kept, time.time()).session
        return session.token if session is not None else ""

    def kind(self) -> str:
        """Who is signed in, as the page says it."""
        return QWEN.read_page(self.window.news.stored, time.time()).kind


@asynccontextmanager
async def window(site: PracticeSite, profile: Path, idle_s: float = 600.0) -> AsyncIterator[Here]:
    """A window that leaves no process."""
    here = Here(site, profile, idle_s)
    here.window.begin()
    try:
        yield here
    finally:
        await here.window.end()
        assert here.family("tray_app") == []
        assert here.family("WebKit") == []


async def sign_in(here: Here, screen: Screen) -> None:
    """Sign in as a person does."""
    await sign_in_shown(here.window)
    await comes(lambda: here.window.news.url.endswith("/auth"), WITHIN_S)
    await asyncio.to_thread(screen.find, "Email", "entry")
    await asyncio.sleep(0.5)
    await asyncio.to_thread(screen.run, "xdotool", "type", "person@practice.example")
    await asyncio.to_thread(screen.keys, "Tab")
    await asyncio.to_thread(screen.run, "xdotool", "type", "a password")
    await asyncio.to_thread(screen.keys, "Return")
    await comes(lambda: here.kind() == "signed_in", WITHIN_S)
    here.window.hide()
    await comes(lambda: here.window.status.state == "hidden")


def paced(events: int, interval_s: float, per_write: int = 1) -> acts.Paced:
    return acts.Paced(frames.plain(events), interval_s, per_write)


async def test_who_signed_in_once_stays_signed_in_and_can_sign_out(
    screen: Screen, site: PracticeSite, tmp_path: Path
) -> None:
    """S113"""
    async with window(site, tmp_path / "p") as here:
        await sign_in(here, screen)
        assert "acw_tc" in {cookie.name for cookie in await here.window.cookies()}
        before = here.token()
        await here.window.close()

    site.expire_tokens()
    async with window(site, tmp_path / "p") as here:
        await here.window.renew(lambda stored: here.token(stored) not in {"", before})
        assert here.kind() == "signed_in"
        assert here.token() != before
        whose = PageCall("GET", "/api/v2/user/info", {}, None, here.place.pages.bearer)
        assert b"person@practice.example" in await here.stream(whose)
        names = {cookie.name for cookie in await here.window.cookies()}
        assert "acw_tc" in names
        assert "refresh_token" not in names

        await here.window.forget()

        assert list((tmp_path / "p").iterdir()) == []
        await here.window.ready()
        await comes(lambda: here.window.news.url.endswith("/auth"), WITHIN_S)


async def test_a_session_is_renewed_while_the_page_makes_calls(
    screen: Screen, site: PracticeSite, tmp_path: Path
) -> None:
    async with window(site, tmp_path / "p") as here:
        await sign_in(here, screen)
        before = here.token()
        site.will(paced(500, 0.01))
        streaming = asyncio.get_running_loop().create_task(here.stream())
        await comes(lambda: site.open_streams == 1)
        site.expire_tokens()

        await here.window.renew(lambda stored: here.token(stored) not in {"", before})

        assert await streaming == b"".join(frames.plain(500))
        second = here.token()
        site.expire_tokens()
        await here.window.renew(lambda stored: here.token(stored) not in {"", before, second})


async def test_ten_answers_stream_at_once_and_one_that_is_left_ends_at_the_site(
    screen: Screen, site: PracticeSite, tmp_path: Path
) -> None:
    async with window(site, tmp_path / "p") as here:
        site.will(*[paced(200, 0.005)] * 10)
        answers = await asyncio.gather(*(here.stream() for _ in range(10)))
        assert answers == [b"".join(frames.plain(200))] * 10

        site.will(paced(2000, 0.01))
        async with here.window.fetch(STREAM, lambda: 30.0) as answer:
            assert await answer.read()
        await comes(lambda: site.open_streams == 0)

        assert site.heard[-1].closed_s is not None


async def test_a_child_that_is_killed_in_mid_answer_ends_it_and_comes_back(
    screen: Screen, site: PracticeSite, tmp_path: Path
) -> None:
    """R65"""
    async with window(site, tmp_path / "p") as here:
        site.will(paced(5000, 0.01), paced(20, 0))
        async with here.window.fetch(STREAM, lambda: 30.0) as answer:
            await answer.read()
            here.child().send_signal(signal.SIGKILL)
            killed_s = time.monotonic()
            with pytest.raises(ProxyError) as caught:
                while await answer.read():
                    pass
            assert time.monotonic() - killed_s < 1.0

        assert caught.value.kind is Kind.WINDOW_CLOSED
        assert await here.stream() == b"".join(frames.plain(20))


@pytest.mark.parametrize(
    ("whom", "number"),
    [("child", signal.SIGSTOP), ("engine", signal.SIGSTOP), ("engine", signal.SIGKILL)],
)
async def test_a_page_that_is_dead_or_hangs_is_noticed_and_comes_back(
    screen: Screen, site: PracticeSite, tmp_path: Path, whom: str, number: int
) -> None:
    """R65"""
    async with window(site, tmp_path / "p") as here:
        site.will(paced(5000, 0.01))
        async with here.window.fetch(STREAM, lambda: 30.0) as answer:
            await answer.read()
            before = here.child()
            (before if whom == "child" else here.engine()).send_signal(number)
            stopped_s = time.monotonic()
            with pytest.raises(ProxyError) as caught:
                while await answer.read():
                    pass
            assert time.monotonic() - stopped_s < 10.0

        assert caught.value.kind in {Kind.WINDOW_STUCK, Kind.UPSTREAM_DISCONNECTED}
        await asyncio.to_thread(site.wait_until, lambda: not site.open_streams, 10)
        site.will(paced(20, 0))
        if caught.value.kind is Kind.UPSTREAM_DISCONNECTED:
            # The page was gone before its child was seen to be of no use.
            with pytest.raises(ProxyError) as caught:
                await here.stream()
            assert caught.value.kind is Kind.WINDOW_STUCK
        assert await here.stream() == b"".join(frames.plain(20))
        assert is_gone(before)


@dataclass(frozen=True)
class Echo:
    """Says what it was told."""

    async def play(self, scene: acts.Scene) -> None:
        await acts.Whole(scene.request.body).play(scene)


@pytest.mark.parametrize("million", [2, 16])
async def test_a_long_prompt_goes_out_and_comes_back_whole(
    screen: Screen, site: PracticeSite, tmp_path: Path, million: int
) -> None:
    async with window(site, tmp_path / "p") as here:
        await here.window.ready()
        body = json.dumps("语🐉\u2028</script>`${1}`" * (million * 10**6 // 30)).encode()
        site.will(Echo())
        call = PageCall("POST", STREAM.path, {"Content-Type": "application/json"}, body)
        began_s = time.monotonic()

        assert await here.stream(call) == body

        assert time.monotonic() - began_s < 5.0 * million


async def test_an_idle_window_leaves_no_process_and_comes_back_by_itself(
    screen: Screen, site: PracticeSite, tmp_path: Path
) -> None:
    async with window(site, tmp_path / "p", idle_s=1.0) as here:
        await here.window.ready()
        await comes(lambda: here.window.status.state == "closed", WITHIN_S)
        await comes(lambda: here.family("WebKit") == [], WITHIN_S)
        site.will(paced(20, 0))

        assert await here.stream() == b"".join(frames.plain(20))
