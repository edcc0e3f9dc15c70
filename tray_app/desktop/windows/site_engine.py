"""What the site's window needs of an engine beyond pywebview: each of them has its own ways.

The page must reach nothing of ours: pywebview's bridge is taken away, its dialogs too. Every
function here but `disarm` is called in the thread that drives the page, never in the engine's own.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any

from tray_app.core.site import Site

from .navigation import is_harmless, where
from .site_messages import Cookie

_PATIENCE_S = 5.0
"""How long the engine may take for a question."""


class Engine:
    """A window of any engine, by what pywebview offers of it.

    Args:
        window: The window.
        site: The site.
        astray: Told an address that the window may not show.
    """

    def __init__(self, window: Any, site: Site, astray: Callable[[str], None]) -> None:
        self._window = window
        self._site = site
        self._astray = astray

    def disarm(self) -> None:
        """Take pywebview's own things out of the page's reach.

        Called in the engine's own thread, once the window is made and before it loads a page.
        """

    def load(self, url: str) -> None:
        """Have the page be another one."""
        # Asked of the window itself, pywebview would run no script until the page is complete.
        self._window.gui.load_url(url, self._window.uid)

    @property
    def is_going(self) -> bool:
        """Whether the page is about to be another one, as far as the engine tells."""
        return False

    def url(self) -> str:
        """The address of the page that is there; empty where there is none yet."""
        from webview.errors import WebViewException

        with contextlib.suppress(WebViewException):
            return str(within(lambda: self._window.gui.get_current_url(self._window.uid)) or "")
        return ""

    def cookies(self) -> list[Cookie]:
        """The session's cookies."""
        return self.ours_of(within(self._window.get_cookies) or [])

    def ours_of(self, jars: Iterable[Any]) -> list[Cookie]:
        """The session's cookies among those that pywebview tells, one jar for each."""
        told = (morsel for jar in jars for morsel in jar.values())
        return self._ours(
            _cookie(one.key, one.coded_value, str(one["domain"]), secure=bool(one["secure"]))
            for one in told
        )

    def load_beside(self, url: str) -> Callable[[], None] | None:
        """Load a page of the same profile where nobody sees it; None where that cannot be.

        Returns:
            What ends it.
        """

    def _ours(self, cookies: Iterable[Cookie]) -> list[Cookie]:
        """The cookies that are the session's, of all those that the engine has."""
        needs_tls = self._site.chat_origin.startswith("https:")
        ours = self._site.pages.cookie_domains
        return [one for one in cookies if one.domain in ours and (one.secure or not needs_tls)]


class GtkEngine(Engine):
    """WebKitGTK."""

    _url = ""
    _is_asking = True
    """A page is asked for and not there yet; it may never be."""

    def disarm(self) -> None:
        """Nothing of the page reaches Python, no dialog stops it, and it goes nowhere else."""
        view = self._view
        view.manager.unregister_script_message_handler("jsBridge")
        view.webview.disconnect_by_func(view.on_navigation)
        view.webview.connect("load-changed", self._note_load)
        view.webview.connect("notify::uri", self._note_address)
        # Left alone, the engine writes what a page sends into the person's folder, unasked.
        view.webview.get_context().connect("download-started", lambda _, file: file.cancel())
        self._tame(view.webview)
        settings = view.webview.get_settings()
        settings.props.javascript_can_access_clipboard = False
        settings.props.enable_media_stream = False
        # Scripts run without a page too; pywebview would wait until the first one is complete.
        self._window.events.before_load.set()

    def _tame(self, webview: Any) -> None:
        webview.connect("decide-policy", self._decide)
        # A link asks for a window by the policy, a script by this signal alone.
        webview.connect("create", self._open)
        webview.connect("load-failed", self._failed)
        webview.connect("script-dialog", _dismiss)
        webview.connect("permission-request", _deny)
        webview.connect("print", lambda *_: True)
        webview.connect("close", lambda _: webview.load_uri(self._url))
        # The address in the frame is the one thing that no page can write.
        webview.connect("enter-fullscreen", lambda _: True)

    def load(self, url: str) -> None:
        """Have the page be another one; pywebview would run no script until it is complete."""
        _on_the_main_thread(lambda: self._ask_for(self._view.webview, url))

    def _ask_for(self, webview: Any, url: str) -> None:
        """Load a page, whose address is not that of the window before it is there."""
        # A place in the page that is there is no other page, and none is ever told to be there.
        is_within = "#" in url and _whole(url) == _whole(webview.get_uri() or "")
        self._is_asking = self._is_asking or not is_within
        webview.load_uri(url)

    @property
    def is_going(self) -> bool:
        """Whether another page is asked for: the engine ends each call of the one that is there."""
        return self._is_asking

    def url(self) -> str:
        """The address of the page that is there, and not of one that is only asked for."""
        return self._url

    def _note_load(self, webview: Any, event: Any) -> None:
        from gi.repository import WebKit2

        self._is_asking = event in {WebKit2.LoadEvent.STARTED, WebKit2.LoadEvent.REDIRECTED}
        self._note_address(webview)

    def _note_address(self, webview: Any, _: object = None) -> None:
        if not self._is_asking:
            url = webview.get_uri() or ""
            self._url = "" if url == "about:blank" else url

    @property
    def _view(self) -> Any:
        from webview.platforms.gtk import BrowserView

        return BrowserView.instances[self._window.uid]

    def _decide(self, webview: Any, decision: Any, kind: Any) -> bool:
        from gi.repository import WebKit2

        if kind == WebKit2.PolicyDecisionType.RESPONSE:
            return self._decide_document(decision)
        url = decision.get_navigation_action().get_request().get_uri() or ""
        if kind == WebKit2.PolicyDecisionType.NEW_WINDOW_ACTION:
            decision.ignore()
            self._open(webview, decision.get_navigation_action())
            return True
        if is_harmless(url, self._site):
            return False
        decision.ignore()
        return True

    def _open(self, webview: Any, action: Any) -> None:
        """What comes of a window that a page opens; outside nothing where nobody clicked."""
        url = action.get_request().get_uri() or ""
        # Without an opener a way to sign in by a window of its own goes on in this one.
        if where(url, self._site) == "here":
            self._ask_for(webview, url)
        elif action.is_user_gesture():
            self._astray(url)

    def _failed(self, _: Any, _event: Any, url: str, _error: Any) -> bool:
        """Have the page stay that is there, where one failed to load that is not the site's.

        Without it the engine would show a page of its own at that address.
        """
        is_elsewhere = where(url, self._site) != "here"
        if is_elsewhere:
            self._astray(url)
        return is_elsewhere

    def _decide_document(self, decision: Any) -> bool:
        """Only here the engine tells a document of the window from one of a frame in it."""
        if not decision.is_main_frame_main_resource():
            return False
        url = decision.get_response().get_uri() or ""
        if where(url, self._site) == "here" and decision.is_mime_type_supported():
            return False
        decision.ignore()
        if where(url, self._site) != "here":
            self._astray(url)
        return True

    def cookies(self) -> list[Cookie]:
        """The session's cookies, of every host that has some."""
        found: list[Any] = []
        done = threading.Event()

        def ask() -> None:
            manager = self._view.cookie_manager
            if hasattr(manager, "get_all_cookies"):
                manager.get_all_cookies(None, told_all, None)
            else:
                ask_next()

        left = [self._site.chat_origin, self._site.auth_origin]

        def ask_next() -> None:
            if left:
                self._view.cookie_manager.get_cookies(left.pop(), None, told_some, None)
            else:
                done.set()

        def told_all(manager: Any, result: Any, _: Any) -> None:
            found.extend(manager.get_all_cookies_finish(result))
            done.set()

        def told_some(manager: Any, result: Any, _: Any) -> None:
            found.extend(manager.get_cookies_finish(result))
            ask_next()

        _on_the_main_thread(ask)
        done.wait(_PATIENCE_S)
        return self._ours(
            _cookie(one.get_name(), one.get_value(), one.get_domain(), secure=one.get_secure())
            for one in tuple(found)
        )

    def load_beside(self, url: str) -> Callable[[], None] | None:
        """Load a page beside this one, in the same process."""
        beside: list[Any] = []

        def load() -> None:
            from gi.repository import WebKit2

            # Not a window of pywebview's: that would open the profile a second time.
            page = WebKit2.WebView.new_with_related_view(self._view.webview)
            self._tame(page)
            page.load_uri(url)
            beside.append(page)

        def end() -> None:
            for page in beside:
                page.try_close()
                page.destroy()
            beside.clear()

        _on_the_main_thread(load)
        return lambda: _on_the_main_thread(end)


class MacEngine(Engine):
    """WKWebView, which puts a page to sleep that nobody sees, and its calls with it."""

    _AWAKE = 0x00EFFFFF
    """Work that a person began, during which the computer may go to sleep all the same."""
    _NO_SLEEP_OF_PAGES = 2

    def disarm(self) -> None:
        """Have a hidden page go on."""
        from Foundation import NSProcessInfo
        from webview.platforms.cocoa import BrowserView

        process, why = NSProcessInfo.processInfo(), "Calls are made by a hidden page"
        # It holds for as long as somebody has it.
        self._activity = process.beginActivityWithOptions_reason_(self._AWAKE, why)
        view = BrowserView.instances[self._window.uid].webview
        preferences = view.configuration().preferences()
        # Since macOS 14.
        if preferences.respondsToSelector_("setInactiveSchedulingPolicy:"):
            preferences.setInactiveSchedulingPolicy_(self._NO_SLEEP_OF_PAGES)


def engine_of(window: Any, site: Site, astray: Callable[[str], None]) -> Engine:
    """The engine that shows a window."""
    import webview

    renderer = str(webview.renderer)
    if renderer.startswith("qt"):
        from .qt_engine import QtEngine

        return QtEngine(window, site, astray)
    kinds = {"gtkwebkit2": GtkEngine, "wkwebview": MacEngine}
    return kinds.get(renderer, Engine)(window, site, astray)


def is_going(engine: Engine | None) -> bool:
    """Whether the page is about to be another one."""
    return engine is not None and engine.is_going


def keep_out() -> None:
    """Have pywebview put nothing into the pages of this process; said before the first window."""
    import webview.util

    # Before an engine's own module takes them over, which it does when the first window is made.
    setattr(webview.util, "inject_pywebview", _note_loaded)  # noqa: B010  not meant to be replaced
    setattr(webview.util, "js_bridge_call", lambda *_: None)  # noqa: B010


def _note_loaded(_: str, window: Any) -> str:
    """Say that a page is there, in the place of what says so after it changed the page."""
    window.events.before_load.set()
    window.events._pywebviewready.set()
    window.events.loaded.set()
    return ""


def _dismiss(_: Any, dialog: Any) -> bool:
    """Answer a dialog of the page as if it had been closed; leaving a page is agreed to."""
    from gi.repository import WebKit2

    if dialog.get_dialog_type() == WebKit2.ScriptDialogType.BEFORE_UNLOAD_CONFIRM:
        dialog.confirm_set_confirmed(True)  # noqa: FBT003
    return True


def _deny(_: Any, request: Any) -> bool:
    """Refuse the page camera, place and notices."""
    request.deny()
    return True


def _whole(url: str) -> str:
    """The address of a page, for that of a place in it."""
    return url.partition("#")[0]


def _cookie(name: str, value: str, domain: str, *, secure: bool) -> Cookie:
    """A cookie whose domain has a dot before it where it is for every host below."""
    return Cookie(name, value, domain.removeprefix("."), domain.startswith("."), secure)


def _on_the_main_thread(work: Callable[[], object]) -> None:
    """Have work done by the thread of the window, and wait until it is done."""
    from gi.repository import GLib

    done = threading.Event()

    def do() -> bool:
        try:
            work()
        finally:
            done.set()
        return False

    GLib.idle_add(do)
    done.wait(_PATIENCE_S)


def within(ask: Callable[[], Any]) -> Any:
    """What a question gives, None where it takes too long: engines wait for ever."""
    given: list[Any] = []
    asking = threading.Thread(target=lambda: given.append(ask()), daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    return given[0] if given else None
