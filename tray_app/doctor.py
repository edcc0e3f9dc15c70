"""`portico doctor`: checks what Portico needs; each line says what was found and what to do."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from tray_app import __version__
from tray_app.desktop.child_process import command
from tray_app.desktop.screen import has_screen
from tray_app.proxy.door import ask
from tray_app.proxy.ports import PortTakenError, listen
from tray_app.store.keeper import Keeper
from tray_app.store.paths import Paths
from tray_app.store.ring import RingError, open_ring
from tray_app.store.settings import effective, load

_KEYRING_S = 5.0
_WINDOW_S = 20.0
_ENGINE = {
    "no_display": "the screen cannot be reached. Log in to a desktop.",
    "no_gi": "PyGObject is missing. Install it: apt install python3-gi gir1.2-webkit2-4.1",
    "no_webkit": "WebKitGTK is missing. Install it: apt install gir1.2-webkit2-4.1",
    "no_webview": "pywebview is missing. Install Portico again.",
    "no_webview2": "WebView2 is missing. Install it: https://go.microsoft.com/fwlink/p/?LinkId=2124703",
}
_TRIAL = "doctor"

Check = tuple[bool, str]


def doctor(paths: Paths, environ: Mapping[str, str]) -> int:
    """Check everything; returns 0 where all is well and 1 where something is not."""
    checks = [
        _http(),
        _folder(paths),
        _port(paths, environ),
        *_calls(paths),
        _keyring(paths),
        *_desktop(environ),
    ]
    for good, line in checks:
        print(f"{'ok  ' if good else 'FAIL'}  {line}")
    return 0 if all(good for good, _ in checks) else 1


def _http() -> Check:
    import aiohttp
    from aiohttp import http_parser

    compiled = http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
    if compiled:
        return True, f"http: aiohttp {aiohttp.__version__} with its compiled parser"
    return False, "http: aiohttp runs without its compiled parser. Install a binary wheel of it."


def _folder(paths: Paths) -> Check:
    paths.prepare()
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    notes = " ".join(loaded.notes)
    return not loaded.notes, f"data: {paths.home}" + (f" ({notes})" if notes else "")


def _port(paths: Paths, environ: Mapping[str, str]) -> Check:
    try:
        status = ask(str(paths.door), {"do": "status"})
    except ConnectionError:
        settings = load(paths.settings, lambda: datetime.now(UTC)).settings
        port = effective(settings, environ, {}).port
        try:
            for sock in listen(None, port):
                sock.close()
        except PortTakenError as error:
            return False, f"port: {error}"
        return True, f"port: {port} is free, Portico {__version__} is not running"
    return True, f"port: {status['port']} is Portico {status['version']}, {status['state']}"


def _calls(paths: Paths) -> list[Check]:
    """How the Portico that runs makes its calls, and why."""
    try:
        status = ask(str(paths.door), {"do": "status"})
    except ConnectionError:
        return []
    way, hold = status["transport"], status["hold"]
    since = ""
    if way["since_s"]:
        since = f", since {datetime.fromtimestamp(way['since_s'], UTC).astimezone():%H:%M}"
    checks = [(way["why"] != "no_window", f"calls: {way['said']}{since}")]
    if hold:
        said = {"asking": "asks for a person", "network": "keeps failing"}
        sentence = said.get(hold["kind"], "is left alone for a while")
        checks.append((False, f"pause: Qwen {sentence}, {hold['seconds_left']} s are left"))
    return checks


def _keyring(paths: Paths) -> Check:
    """Write, read and remove an entry of no meaning, as a session would be."""
    keeper = Keeper(open_ring, f"{paths.keyring_label} check")
    try:
        keeper.save(_TRIAL, "check").result(_KEYRING_S)
        kept = keeper.load(_TRIAL).result(_KEYRING_S)
        keeper.save(_TRIAL, None).result(_KEYRING_S)
    except RingError as error:
        return False, f"keyring: {error} Sessions and keys are kept in memory only."
    except TimeoutError:
        return False, "keyring: it does not answer. Sessions and keys are kept in memory only."
    if kept != {_TRIAL: "check"}:
        return False, "keyring: it does not give back what it was given."
    return True, "keyring: keeps what it is given"


def _desktop(environ: Mapping[str, str]) -> list[Check]:
    """Tray and windows, where there is a screen."""
    if not has_screen(environ):
        return [(True, "desktop: there is no screen here, so Portico serves without one")]
    return [_tray(), _windows()]


def _tray() -> Check:
    if sys.platform != "linux":
        return True, "tray: the system has one"
    from tray_app.desktop.sni import has_panel

    if asyncio.run(has_panel()):
        return True, "tray: a panel shows icons"
    return False, (
        "tray: no panel here shows icons, so Portico opens its window instead. "
        "On GNOME add the AppIndicator extension."
    )


def _windows() -> Check:
    """Ask a window's process, which alone may load a web engine."""
    asked = subprocess.run(
        command("status"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_WINDOW_S, check=False,
    )  # fmt: skip
    if asked.returncode == 0:
        return True, "windows: the web engine is there"
    fault = next((name for name in _ENGINE if f'"{name}"' in asked.stdout), "")
    return False, f"windows: {_ENGINE.get(fault, 'none can be shown. The log may say why.')}"
