"""What `portico window site` does: shows a page of the site, and has it make calls for its parent.

The main thread belongs to the web engine, one thread reads the parent's lines, and one drives the
page. Nothing is asked of the page while nobody asks anything of us and nobody looks at it.
"""

import contextlib
import os
import queue
import secrets
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tray_app.core.site import Site
from tray_app.desktop.icons import app_file

from . import engine
from .messages import Closed, Failed, MessageError, Ping, Pong
from .navigation import origin_of, plain, where
from .site_calls import Calls
from .site_engine import Engine, engine_of, keep_out
from .site_messages import (
    TO_SITE_BYTES,
    Abort,
    AskCookies,
    At,
    Begin,
    Check,
    Fetch,
    FromSite,
    Hidden,
    Hide,
    Jar,
    Leave,
    Opened,
    Renew,
    Reveal,
    Stored,
    ToSite,
    Usable,
    Visit,
    site_line,
    to_site,
)
from .site_script import Look, Scripts, looked
from .wire import Wire, leave

OK, BAD_LINE, NO_ENGINE = 0, 1, 3
_LOOK_S = 0.5
"""How often a page is looked at that somebody sees."""
_LOOK_BUSY_S = 1.0
"""The same while it makes calls and nobody sees it."""
_LOOK_NEW_S = 0.1
"""The same until a new page can make calls."""
_USABLE_S = 12.0
"""How long a new page may take for that."""
_RENEW_S = 25.0
_SIZE = (1040, 760)
_SMALLEST = (360, 480)


@dataclass(frozen=True)
class _Loaded:
    """A page was loaded."""


@dataclass(frozen=True)
class _Closing:
    """The person closes the window."""


@dataclass(frozen=True)
class _Astray:
    """The page wants to go where this window does not go."""

    url: str


def run() -> int:
    """Be the site's window until the parent says so or is gone; returns the exit code."""
    # What the engine writes down is the session itself.
    os.umask(0o077)
    wire: Wire[ToSite, FromSite] = Wire(to_site, site_line, TO_SITE_BYTES)
    engine.free_libraries(os.environ)
    fault = engine.missing(os.environ)
    if fault is not None:
        wire.tell(Failed(fault))
        return NO_ENGINE
    wire.listen()
    match wire.heard.get():
        case Begin() as begin:
            return SiteWindow(wire, begin).run()
        case Leave() | None:
            return OK
        case _:
            wire.tell(Failed("bad_line"))
            return BAD_LINE


class SiteWindow:
    """The window and its page."""

    def __init__(self, wire: Wire[ToSite, FromSite], begin: Begin) -> None:
        import webview

        self._wire = wire
        self._site: Site = begin.site
        self._profile = begin.profile
        self._title = begin.title
        self._is_shown = begin.shown
        self._is_leaving = False
        self._url = ""
        self._scripts = Scripts(begin.site, secrets.token_hex(16))
        self._calls = Calls(self._scripts, self._run, wire.tell)
        self._page = _PageState()
        self._renewal: _Renewal | None = None
        self._looked_s = 0.0
        webview.settings["ALLOW_FILE_URLS"] = False
        webview.settings["ALLOW_DOWNLOADS"] = False
        # Where that is False, pywebview's Qt window ends the process at a page's `window.open`.
        webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = engine.gui() == "qt"
        engine.introduce()
        keep_out()
        window: Any = webview.create_window(
            begin.title,
            url=begin.site.chat_origin + begin.path,
            width=_SIZE[0],
            height=_SIZE[1],
            min_size=_SMALLEST,
            hidden=not begin.shown,
            background_color=engine.paper(),
            text_select=True,
        )
        window.events.initialized += engine.is_modern
        window.events.closing += self._on_closing
        window.events.loaded += lambda: self._todo.put(_Loaded())
        self._window = window
        self._engine: Engine | None = None

    @property
    def _todo(self) -> "queue.Queue[Any]":
        return self._wire.heard

    def run(self) -> int:
        """Show the window until it is over; returns the exit code."""
        import webview

        threading.Thread(target=self._drive, name="page", daemon=True).start()
        webview.start(
            gui=engine.gui(),
            private_mode=False,
            storage_path=self._profile,
            icon=str(app_file("png")),
        )
        if webview.renderer == "mshtml":
            self._wire.tell(Failed("no_webview2"))
            return NO_ENGINE
        self._wire.tell(Closed())
        threading.Thread(target=leave, args=(OK,), daemon=True).start()
        return OK

    def _on_closing(self) -> bool:
        """Whether the window may be closed; called in the engine's thread."""
        if not self._is_leaving:
            self._todo.put(_Closing())
        return self._is_leaving

    def _drive(self) -> None:
        import webview

        self._window.events.before_show.wait()
        self._engine = engine_of(self._window, self._site, lambda url: self._todo.put(_Astray(url)))
        self._engine.disarm()
        self._window.events.shown.wait()
        if self._run("1+1") == 2:
            self._wire.tell(Opened(str(webview.renderer)))
            with contextlib.suppress(_OverError):
                while True:
                    self._turn(self._next())
        else:
            self._wire.tell(Failed("bad_line"))
        self._is_leaving = True
        self._window.destroy()

    def _next(self) -> object:
        """What is to be done next; a `_Nothing` when it is time to look at the page."""
        try:
            return self._todo.get(timeout=self._pause_s())
        except queue.Empty:
            return _NOTHING

    def _pause_s(self) -> float | None:
        """How long nothing has to be done; None for as long as nobody says something."""
        pauses = [self._calls.pause_s()]
        if not self._page.is_settled or self._calls.waiting or self._renewal is not None:
            pauses.append(_LOOK_NEW_S)
        elif self._is_shown:
            pauses.append(_LOOK_S)
        return min((pause for pause in pauses if pause is not None), default=None)

    def _turn(self, what: object) -> None:
        self._follow(what)
        if self._calls.open and not self._calls.drain():
            self._page_left()
        now_s = time.monotonic()
        busy_s = _LOOK_S if self._is_shown else _LOOK_BUSY_S
        is_waited_for = self._renewal is not None or self._calls.waiting
        if not self._page.is_settled or is_waited_for:
            busy_s = _LOOK_NEW_S
        is_idle = self._page.is_settled and not (
            self._is_shown or self._calls.open or is_waited_for
        )
        if not is_idle and now_s - self._looked_s >= busy_s:
            self._look()

    def _follow(self, what: object) -> None:
        match what:
            case Fetch():
                self._calls.add(what, usable=self._page.is_usable)
            case Abort(call_id):
                self._calls.abort(call_id)
            case Ping(n):
                if self._run("1+1") == 2:
                    self._wire.tell(Pong(n))
            case AskCookies():
                self._wire.tell(Jar(self._engine.cookies() if self._engine else []))
            case Leave() | None:
                raise _OverError
            case MessageError():
                self._wire.tell(Failed("bad_line"))
                raise _OverError
            case _:
                self._move(what)

    def _move(self, what: object) -> None:
        """Do what has to do with where the page is, and with who sees it."""
        match what:
            case Visit(path):
                self._go(path)
            case Renew():
                self._renew()
            case Reveal(title):
                self._title = title
                self._reveal()
            case Hide():
                self._hide()
            case _Closing():
                self._hide()
                self._wire.tell(Hidden())
            case _Loaded():
                self._looked_s = 0.0
                self._page.is_settled = False
            case _Astray(url):
                self._open_outside(url)
            case _:
                pass

    def _go(self, path: str) -> None:
        self._page_left()
        self._window.load_url(self._site.chat_origin + path)

    def _page_left(self) -> None:
        """Note that the page is another one soon, or already."""
        self._calls.end_open("left")
        self._page = _PageState()
        self._looked_s = 0.0

    def _renew(self) -> None:
        """Load the page anew, or a second one beside it while this one makes calls."""
        if self._renewal is not None:
            return
        end: Callable[[], None] | None = None
        url = self._site.chat_origin + self._site.pages.home
        if self._calls.open and self._engine is not None:
            end = self._engine.load_beside(url)
        self._renewal = _Renewal(time.monotonic() + _RENEW_S, self._page.stored, end)
        if not self._calls.open:
            self._go(self._site.pages.home)
            self._renewal.began = True

    def _see_to_renewal(self) -> None:
        """End a renewal that has come to something, or to nothing in time."""
        renewal = self._renewal
        if renewal is None:
            return
        if renewal.end is None and not renewal.began and not self._calls.open:
            self._go(self._site.pages.home)
            renewal.began = True
        is_done = self._page.is_usable if renewal.began else self._page.stored != renewal.before
        if is_done or time.monotonic() > renewal.until_s:
            if renewal.end is not None:
                renewal.end()
            self._renewal = None

    def _reveal(self) -> None:
        self._is_shown = True
        # Without it pywebview's GTK window stays hidden.
        self._window.hidden = False
        self._window.show()
        self._window.restore()
        self._show_address()

    def _hide(self) -> None:
        self._is_shown = False
        self._window.hide()

    def _show_address(self) -> None:
        """Say in the frame, where no page can write, whose page it is."""
        self._window.set_title(f"{self._title} - {origin_of(self._url)}")

    def _open_outside(self, url: str) -> None:
        if self._is_shown and where(url, self._site) == "outside":
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(url)

    def _look(self) -> None:
        """See where the page is and what it says, and tell what is new."""
        self._looked_s = time.monotonic()
        url = str(self._window.get_current_url() or "")
        is_own = origin_of(url) == self._site.chat_origin
        seen = looked(self._run(self._scripts.look)) if is_own else None
        is_new = seen is not None and not seen.is_there
        if is_new:
            if self._calls.open or self._page.is_installed:
                self._page_left()
            self._page.is_installed = self._run(self._scripts.install) == 1
        self._tell_address(url, is_new=is_new)
        if seen is None:
            self._tell_check(visible=False)
            self._page.settle(time.monotonic())
        else:
            self._tell_seen(seen)
        self._calls.give_up_late()
        self._see_to_renewal()

    def _tell_address(self, url: str, *, is_new: bool) -> None:
        if url and where(url, self._site) != "here":
            # The engine should not have gone there; no engine can be relied on for that.
            self._open_outside(url)
            self._go(self._site.pages.home)
            return
        told = plain(url)
        if told and (told != self._url or is_new):
            self._url = told
            self._wire.tell(At(told))
            self._show_address()

    def _tell_seen(self, seen: Look) -> None:
        page = self._page
        if page.stored != seen.stored:
            page.stored = seen.stored
            self._wire.tell(Stored(seen.stored))
        self._tell_check(visible=seen.check)
        is_check = self._site.pages.check_path in self._url
        if page.is_installed and not page.is_usable and not is_check:
            is_late = time.monotonic() - page.since_s > _USABLE_S
            if (seen.has_script and seen.is_wrapped) or is_late:
                page.is_usable = page.is_settled = True
                self._wire.tell(Usable(seen.is_wrapped))
                self._calls.start_waiting()
        page.settle(time.monotonic())

    def _tell_check(self, *, visible: bool) -> None:
        if visible != self._page.check:
            self._page.check = visible
            self._wire.tell(Check(visible))

    def _run(self, script: str) -> Any:
        from webview.errors import WebViewException

        try:
            return self._window.run_js(script)
        except WebViewException:
            return None


class _OverError(Exception):
    """The window is over."""


_NOTHING = object()


class _PageState:
    """What is known of the page that is there."""

    def __init__(self) -> None:
        self.since_s = time.monotonic()
        self.is_installed = False
        self.is_usable = False
        self.is_settled = False
        """Nothing more is awaited of it: it can make calls, or it had its time."""
        self.check = False
        self.stored: dict[str, str] | None = None

    def settle(self, now_s: float) -> None:
        """Await nothing more of a page that had its time."""
        if now_s - self.since_s > _USABLE_S + _LOOK_S:
            self.is_settled = True


@dataclass
class _Renewal:
    """A renewal that goes on."""

    until_s: float
    before: dict[str, str] | None
    end: Callable[[], None] | None
    began: bool = False


if sys.platform == "darwin":

    def _stay_awake() -> object:
        """Have the system not put a hidden window to sleep; kept for as long as it is."""
        from Foundation import NSProcessInfo  # type: ignore[import-not-found]

        options = 0x00FFFFFF
        return NSProcessInfo.processInfo().beginActivityWithOptions_reason_(
            options, "Calls are made by a hidden page"
        )
