"""What `portico window NAME` does: draws what its parent sends and reports what was pressed.

The main thread belongs to the web engine, one thread reads the parent's lines, and one drives the
page. The page is asked for what was pressed instead of calling us: with calls a page needs `eval`,
which its policy forbids (measured: 2026-11-20, pywebview 6.2.1).
"""

import contextlib
import json
import os
import queue
import secrets
import threading
import time
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.desktop.icons import app_file
from tray_app.desktop.windows import PANES, WindowName, engine
from tray_app.desktop.windows.messages import (
    LINE_BYTES,
    Close,
    Closed,
    Failed,
    Focus,
    FromWindow,
    MessageError,
    Ping,
    Pong,
    Pressed,
    Ready,
    Show,
    ToWindow,
    View,
    line,
    to_window,
)
from tray_app.desktop.windows.page import page
from tray_app.desktop.windows.wire import Wire, leave

OK, BAD_LINE, LOST_PAGE, NO_ENGINE = 0, 1, 2, 3
_MISSES = 3
"""A page that says nothing as often, a little while apart, is gone."""
_FOCUSED_S = 0.1
_IDLE_S = 0.5
_SIZES = {
    "status": (420, 560),
    "question": (480, 320),
    "connect": (900, 680),
    "settings": (900, 680),
    "activity": (1120, 720),
    "models": (900, 680),
    "about": (900, 680),
}
_SMALLEST = (320, 200)
_LARGEST = 0.85
"""No window takes more of a screen's height by itself."""
_WIDEST = 0.9
_LAST_WORD_S = 1.0
"""So long the person's closing waits for what was typed; a page that hangs has nothing to say."""


def run(name: WindowName) -> int:
    """Be this window until it is closed or the parent is gone; returns the exit code."""
    wire: Wire[ToWindow, FromWindow] = Wire(to_window, line, LINE_BYTES)
    engine.free_libraries(os.environ)
    fault = engine.missing(os.environ)
    if fault is not None:
        wire.tell(Failed(fault))
        return NO_ENGINE
    wire.listen()
    first = _first(wire, name)
    if isinstance(first, int):
        return first
    return _Pane(wire, name, first).run()


def _first(wire: "Wire[ToWindow, FromWindow]", name: WindowName) -> View | int:
    """The first view, or the code to end with where none comes."""
    while True:
        match wire.heard.get():
            case Show(view) if view.__struct_config__.tag == name:
                return view
            case Show() | MessageError():
                wire.tell(Failed("bad_line"))
                return BAD_LINE
            case Close() | None:
                return OK
            case Focus() | Ping():
                continue


class _Outbox(Struct, frozen=True, forbid_unknown_fields=True):
    """What the page has to say."""

    focused: bool
    pressed: list[Pressed]


class _Pane:
    """The window and its page."""

    def __init__(self, wire: "Wire[ToWindow, FromWindow]", name: WindowName, view: View) -> None:
        import webview

        self._wire = wire
        self._name = name
        self._view = view
        self._code = OK
        self._title = view.title
        self._misses = 0
        self._is_over = threading.Event()
        webview.settings["ALLOW_FILE_URLS"] = False
        webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = False
        engine.introduce()
        width, height = _SIZES[name]
        window: Any = webview.create_window(
            view.title,
            html=page(name, secrets.token_urlsafe(16)),
            width=width,
            height=height,
            min_size=_SMALLEST,
            background_color=engine.paper(),
            # A window that comes up meanwhile must not take the click from its answers.
            on_top=name == "question",
            # Without it pywebview adds a style that our policy refuses.
            text_select=True,
        )
        window.events.initialized += engine.is_modern
        window.events.closing += self._may_close
        self._window = window

    def run(self) -> int:
        """Show the window until it is closed; returns the exit code."""
        import webview

        threading.Thread(target=self._drive, name="page", daemon=True).start()
        webview.start(
            gui=engine.gui(),
            private_mode=True,
            icon=str(app_file("png")),
        )
        if webview.renderer == "mshtml":
            self._wire.tell(Failed("no_webview2"))
            return NO_ENGINE
        self._wire.tell(Closed())
        threading.Thread(target=leave, args=(self._code,), daemon=True).start()
        return self._code

    def _drive(self) -> None:
        self._window.events.loaded.wait()
        if self._begins():
            if self._name in PANES:
                self._shrink()
            else:
                self._fit()
            self._wire.tell(Ready())
        pause_s = _FOCUSED_S
        while self._misses < _MISSES and self._follows(pause_s):
            pause_s = self._drain()
        if self._misses >= _MISSES:
            self._code = LOST_PAGE
            self._wire.tell(Failed("lost_page"))
        else:
            self._run("window.leaving?.()")
            self._drain()
        self._go()

    def _begins(self) -> bool:
        """Show the first view; False where the page that was loaded does not take it."""
        while self._misses < _MISSES:
            if self._show(self._view) is True:
                self._misses = 0
                return True
            self._misses += 1
            time.sleep(_IDLE_S)
        return False

    def _may_close(self) -> bool:
        """Whether the window may go now: not before what stands in its fields is told."""
        if not self._is_over.is_set():
            self._wire.heard.put(Close())
            late = threading.Timer(_LAST_WORD_S, self._go)
            late.daemon = True
            late.start()
        return self._is_over.is_set()

    def _go(self) -> None:
        if not self._is_over.is_set():
            self._is_over.set()
            self._window.destroy()

    def _fit(self) -> None:
        """Make the window as large as its first view; later on its size is the person's."""
        width, _ = _SIZES[self._name]
        with contextlib.suppress(msgspec.DecodeError):
            told = self._ask(f"portico.size({width})")
            wide, high = msgspec.json.decode(told, type=tuple[int, int])
            self._window.resize(wide, max(high, _SMALLEST[1]))

    def _shrink(self) -> None:
        """Take no more than most of a small screen, so that the frame's buttons are on it."""
        size = _SIZES[self._name]
        with contextlib.suppress(msgspec.DecodeError):
            told = self._ask("JSON.stringify([screen.availWidth, screen.availHeight])")
            wide, high = msgspec.json.decode(told, type=tuple[int, int])
            fitting = min(size[0], round(wide * _WIDEST)), min(size[1], round(high * _LARGEST))
            if fitting != size:
                self._window.resize(*fitting)

    def _grow(self) -> None:
        """Make the window higher where a later view needs it, as far as the screen has room."""
        with contextlib.suppress(msgspec.DecodeError):
            told = self._ask(
                "JSON.stringify([innerHeight, document.documentElement.scrollHeight,"
                "screen.availHeight])"
            )
            inner, needed, there = msgspec.json.decode(told, type=tuple[int, int, int])
            window = self._window
            high = min(round(needed * window.height / max(inner, 1)), round(there * _LARGEST))
            if high > window.height:
                # Its frame and the desktop's panel need some room as well.
                below = window.y + high - round(there * (1 + _LARGEST) / 2)
                window.resize(window.width, high)
                if 0 < below < window.y:
                    window.move(window.x, window.y - below)

    def _follows(self, pause_s: float) -> bool:
        """Do what the parent says next, if it says something in this time; False to end."""
        try:
            message = self._wire.heard.get(timeout=pause_s)
        except queue.Empty:
            return True
        match message:
            case Show(view) if view.__struct_config__.tag == self._name:
                self._show(view)
                if self._name == "question":
                    self._grow()
            case Focus():
                self._window.restore()
            case Ping(n):
                self._probe(n)
            case Close() | None:
                return False
            case Show() | MessageError():
                self._code = BAD_LINE
                self._wire.tell(Failed("bad_line"))
                return False
        return True

    def _show(self, view: View) -> Any:
        """Have this drawn; gives true once it is."""
        if view.title != self._title:
            self._title = view.title
            self._window.set_title(view.title)
        # ASCII alone: pywebview counts characters where WebKit counts bytes, and cuts the rest.
        return self._run(f"portico.show({json.dumps(msgspec.to_builtins(view))}), true")

    def _drain(self) -> float:
        """Report what was pressed; returns the seconds until it is worth another look."""
        try:
            outbox = msgspec.json.decode(self._ask("portico.drain()"), type=_Outbox)
        except msgspec.DecodeError:
            # Its engine died, or it never was the page that it should be: the parent draws another.
            self._misses += 1
            return _IDLE_S
        self._misses = 0
        for pressed in outbox.pressed:
            self._wire.tell(pressed)
        return _FOCUSED_S if outbox.focused else _IDLE_S

    def _probe(self, n: int) -> None:
        if self._run("1+1") == 2:
            self._wire.tell(Pong(n))

    def _ask(self, script: str) -> str:
        """What a script gives as JSON; empty where it gives nothing."""
        told = self._run(script)
        return told if isinstance(told, str) else ""

    def _run(self, script: str) -> Any:
        from webview.errors import WebViewException

        try:
            return self._window.run_js(script)
        except WebViewException:
            return None
