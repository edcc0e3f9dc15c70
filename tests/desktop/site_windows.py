"""A site's window with a child that has none, for tests."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from tests.waiting import comes
from tray_app.desktop.site_child import Times
from tray_app.desktop.site_keeper import WindowPlan
from tray_app.desktop.site_window import SiteWindow
from tray_app.proxy.window import News, PageCall
from tray_app.proxy.window import SiteWindow as Protocol
from tray_app.upstreams.qwen import SITE

QUICK = Times(ping_s=0.3, start_s=2.0, load_s=3.0, leave_s=1.0, settle_s=0.5, renew_s=4.0)


class Host:
    """A window, and what its child heard."""

    def __init__(self, profile: Path, *words: str, idle_s: float = 600.0) -> None:
        self.profile = profile
        self.idle_s = idle_s
        command = [sys.executable, "-m", "tests.desktop.windows.site_child", *words]
        plan = WindowPlan(SITE, profile, title, lambda: self.idle_s)
        self.window = SiteWindow(plan, command, QUICK)
        self.seen: list[str] = []
        self.window.follow(lambda: self.seen.append(self.window.status.state))

    @property
    def heard(self) -> list[str]:
        """What every child of it heard."""
        path = self.profile / "heard"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def states(self) -> list[str]:
        """How it was, one after the other."""
        return [one for at, one in enumerate(self.seen) if at == 0 or one != self.seen[at - 1]]

    def children(self) -> list[psutil.Process]:
        """The processes of it."""
        return psutil.Process().children()

    async def get(self, path: str, body: bytes | None = None) -> bytes:
        """A whole answer."""
        async with self.window.fetch(call(path, body), lambda: 20.0) as answer:
            pieces = []
            while data := await answer.read():
                pieces.append(data)
            return b"".join(pieces)


def title(news: News) -> str:
    """What stands in the frame."""
    return f"Portico at {news.url}"


def call(path: str, body: bytes | None = None) -> PageCall:
    """A call of the page."""
    return PageCall("GET" if body is None else "POST", path, {"source": "web"}, body, "state")


@asynccontextmanager
async def host(profile: Path, *words: str, idle_s: float = 600.0) -> AsyncIterator[Host]:
    """A window in this loop, that leaves no process."""
    started = Host(profile, *words, idle_s=idle_s)
    started.window.begin()
    try:
        yield started
    finally:
        async with asyncio.timeout(20):
            await started.window.end()
        assert started.children() == []


def as_the_proxy_sees_it(window: SiteWindow) -> Protocol:
    """The same window; that it fits is checked by mypy."""
    return window


async def sign_in_shown(window: SiteWindow) -> None:
    """Have the page shown where people sign in."""
    window.show(SITE.pages.sign_in)
    await comes(lambda: window.status.state == "shown")
