"""Qt's web engine, for a Linux without WebKitGTK: taken where it is, never brought along."""

from typing import Any

from .navigation import is_harmless, where
from .site_engine import Engine, within
from .site_messages import Cookie


class QtEngine(Engine):
    """Qt WebEngine.

    It writes cookies down every half a minute, and tells those of an earlier window to nobody, not
    even when it is asked to load them: the page has them, calls of ours do not. Seen: 2026-11-21,
    pywebview 6.2.1 with Qt 6.11.
    """

    def disarm(self) -> None:
        """Nothing of the page reaches Python, no dialog stops it, and it goes nowhere else."""
        view = self._window.native
        page = view.webview.page()
        page.acceptNavigationRequest = self._accept
        page.nav_handler.acceptNavigationRequest = self._open
        # What the page writes to its console would reach our log.
        page.javaScriptConsoleMessage = lambda *_: None
        page.javaScriptAlert = lambda *_: None
        page.javaScriptConfirm = lambda *_: False
        page.javaScriptPrompt = lambda *_: (False, "")
        page.featurePermissionRequested.disconnect()
        page.featurePermissionRequested.connect(lambda url, what: self._deny(page, url, what))
        page.profile().downloadRequested.connect(lambda file: file.cancel())
        # Scripts run without a page too; pywebview would wait until the first one is complete.
        self._window.events.before_load.set()

    def _accept(self, url: Any, _: Any, is_main_frame: bool) -> bool:  # noqa: FBT001  Qt's own
        address = str(url.toString())
        if not is_main_frame:
            return is_harmless(address, self._site)
        if where(address, self._site) == "here":
            return True
        self._astray(address)
        return False

    def _open(self, url: Any, *_: Any) -> bool:
        """What comes of a window that a page opens: ways to sign in go on in this one."""
        address = str(url.toString())
        if where(address, self._site) == "here":
            self._window.native.webview.setUrl(url)
        else:
            self._astray(address)
        return False

    def _deny(self, page: Any, url: Any, what: Any) -> None:
        page.setFeaturePermission(url, what, page.PermissionPolicy.PermissionDeniedByUser)

    def cookies(self) -> list[Cookie]:
        """The session's cookies."""
        found = within(lambda: self._window.gui.get_cookies(self._window.uid)) or []
        return self.ours_of(found)
