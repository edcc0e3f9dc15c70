"""What `portico window site` does: shows a page of the site, and has it make calls for its parent.

The main thread belongs to the web engine, one thread reads the parent's lines, and one drives the
page. Nothing is asked of the page while nobody asks anything of us and nobody looks at it.
"""

import contextlib
import logging
import os
import queue
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tray_app.core.site import Site
from tray_app.desktop.icons import app_file
from tray_app.desktop.opening import OpeningError, open_page

from . import engine
from .messages import Closed, Failed, MessageError, Ping, Pong
from .navigation import origin_of, plain, where
from .site_calls import Calls
from .site_engine import Engine, engine_of, is_going, keep_out
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
from .site_page import Anew, PageState, Renewal
from .site_script import Look, Scripts, looked
from .wire import Wire, leave

OK, BAD_LINE, NO_ENGINE = 0, 1, 3
_OUTSIDE_S = 2.0
"""No page opens more than one address outside in this time."""
_URL_CHARS = 2048
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
        self._profile, self._title = begin.profile, begin.title
        self._is_shown = begin.shown
        self._is_leaving = self._is_check_told = False
        self._url = self._turned_back = ""
        self._scripts = Scripts(begin.site, secrets.token_hex(16))
        self._calls = Calls(self._scripts, self._run, wire.tell, lambda: is_going(self._engine))
        self._page, self._anew = PageState(), Anew()
        self._renewal: Renewal | None = None
        self._looked_s = self._outside_s = 0.0
        self._engine: Engine | None = None
        # What a page says would be in there.
        logging.getLogger("pywebview").setLevel(logging.CRITICAL + 1)
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
        window.events.before_show += self._on_made
        window.events.closing += self._on_closing
        window.events.loaded += lambda: self._todo.put(_Loaded())
        self._window = window

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

    def _on_made(self) -> None:
        """Take the window in hand before it loads anything; called in the engine's thread."""
        made = engine_of(self._window, self._site, lambda url: self._todo.put(_Astray(url)))
        made.disarm()
        self._engine = made

    def _on_closing(self) -> bool:
        """Whether the window may be closed; called in the engine's thread."""
        if not self._is_leaving:
            self._todo.put(_Closing())
        return self._is_leaving

    def _drive(self) -> None:
        import webview

        self._window.events.shown.wait()
        if self._engine is not None and self._run("1+1") == 2:
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
        look_s = self._look_s()
        if look_s is not None:
            look_s = max(0.0, self._looked_s + look_s - time.monotonic())
        pauses = (self._calls.pause_s(), look_s)
        return min((pause for pause in pauses if pause is not None), default=None)

    def _look_s(self) -> float | None:
        return self._page.look_s(
            is_waited_for=bool(self._calls.waiting) or self._renewal is not None,
            is_shown=self._is_shown,
            is_busy=bool(self._calls.open),
        )

    def _turn(self, what: object) -> None:
        self._follow(what)
        if self._calls.open and not self._calls.drain():
            self._page_left()
        look_s = self._look_s()
        if look_s is not None and time.monotonic() - self._looked_s >= look_s:
            self._look()

    def _follow(self, what: object) -> None:
        match what:
            case Fetch():
                self._leave_strange()
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
                self._look()
            case _Astray(url):
                self._open_outside(url)
            case _:
                pass

    def _go(self, path: str) -> None:
        self._page_left()
        if self._engine is not None:
            self._engine.load(self._site.chat_origin + path)

    def _leave_strange(self) -> None:
        """Load a page anew that has nothing of the site's, where that is in nobody's way."""
        if self._page.is_strange and not (self._is_shown or self._calls.open):
            # What came into it since the last look counts, and calls that waited may go on now.
            self._look()
            is_used = self._calls.open or is_going(self._engine)
            if not is_used and self._anew.is_due(self._page):
                self._go(self._site.pages.home)

    def _page_left(self) -> None:
        """Note that the page is another one soon, or already."""
        self._calls.end_open("left")
        self._page = PageState()
        self._looked_s = 0.0

    def _renew(self) -> None:
        """Load the page anew, or a second one beside it while this one makes calls."""
        if self._renewal is not None:
            if not self._renewal.is_vain:
                return
            self._end_renewal(self._renewal)
        url = self._site.chat_origin + self._site.pages.home
        end = self._engine.load_beside(url) if self._calls.open and self._engine else None
        self._renewal = Renewal(self._page.stored, end)
        self._see_to_renewal()

    def _see_to_renewal(self) -> None:
        """End a renewal that has come to something, or to nothing in time."""
        renewal = self._renewal
        if renewal is None:
            return
        if renewal.end is None and not renewal.is_reloaded and not self._calls.open:
            self._go(self._site.pages.home)
            renewal.is_reloaded = True
        elif renewal.is_over(self._page):
            self._end_renewal(renewal)

    def _end_renewal(self, renewal: Renewal) -> None:
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
        now_s = time.monotonic()
        is_flood = now_s - self._outside_s < _OUTSIDE_S
        if self._is_shown and not is_flood and where(url, self._site) == "outside":
            self._outside_s = now_s
            with contextlib.suppress(OpeningError):
                open_page(url)

    def _look(self) -> None:
        """See where the page is and what it says, and tell what is new."""
        self._looked_s = time.monotonic()
        url = self._engine.url() if self._engine else ""
        is_own = origin_of(url) == self._site.chat_origin
        self._page.is_elsewhere = bool(url) and not is_own
        seen = looked(self._run(self._scripts.look)) if is_own else None
        is_new = seen is not None and not seen.is_there
        is_left = self._page.is_installed and seen is None and not self._calls.drain()
        if is_left or (is_new and (self._calls.open or self._page.is_installed)):
            self._page_left()
        if is_new:
            self._page.is_installed = self._run(self._scripts.install) == 1
        # A page may change its address without being left.
        self._tell_address(url if seen is None else seen.url, is_new=is_new)
        if seen is None:
            self._tell_check(visible=False)
        else:
            self._tell_seen(seen)
        self._calls.start_waiting(usable=self._page.is_usable)
        self._calls.give_up_late()
        self._see_to_renewal()

    def _tell_address(self, url: str, *, is_new: bool) -> None:
        if url and where(url, self._site) != "here":
            # The engine should not have gone there; no engine can be relied on for that.
            if url != self._turned_back:
                self._turned_back = url
                self._open_outside(url)
                self._go(self._site.pages.home)
            return
        self._turned_back = ""
        told = plain(url)[:_URL_CHARS]
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
        if page.note(seen, is_check=self._site.pages.check_path in self._url):
            self._anew.heed(page)
            self._wire.tell(Usable(seen.is_wrapped, urlsplit(seen.script).path[:_URL_CHARS]))

    def _tell_check(self, *, visible: bool) -> None:
        # What was told of a page that is gone holds until the next one was looked at.
        if visible != self._is_check_told:
            self._is_check_told = visible
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
