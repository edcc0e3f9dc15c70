"""`portico doctor`: checks what Portico needs; each line says what was found and what to do."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tray_app import __version__
from tray_app.core.session import from_text
from tray_app.core.site import Site
from tray_app.desktop.child_process import command
from tray_app.desktop.screen import has_screen
from tray_app.proxy.door import ask
from tray_app.proxy.ports import PortTakenError, listen
from tray_app.proxy.reach import UnreachedError, reach
from tray_app.proxy.safe import SESSION
from tray_app.store import StoreError
from tray_app.store.keeper import Keeper
from tray_app.store.lock import InstanceLock
from tray_app.store.outbound import outbound_proxy
from tray_app.store.paths import Paths
from tray_app.store.profile import Profile
from tray_app.store.ring import RingAbsentError, RingError, open_ring
from tray_app.store.settings import effective
from tray_app.store.settings_file import load
from tray_app.store.statistics import Statistics
from tray_app.upstreams.qwen import SITE

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


def doctor(paths: Paths, environ: Mapping[str, str], site: Site = SITE) -> int:
    """Check everything; returns 0 where all is well and 1 where something is not.

    Nobody being signed in, or having no screen, is no fault.
    """
    checks = [
        http_check(),
        _folder(paths),
        port_check(paths, environ),
        *_calls(paths),
        _network(paths, environ, site),
        keyring_check(paths),
        _session(paths),
        *_statistics(paths),
        *_desktop(environ),
    ]
    for good, line in checks:
        print(f"{'ok  ' if good else 'FAIL'}  {line}")
    return 0 if all(good for good, _ in checks) else 1


def http_check() -> Check:
    """Whether HTTP is read by compiled code."""
    import aiohttp
    from aiohttp import http_parser

    compiled = http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
    if compiled:
        return True, f"http: aiohttp {aiohttp.__version__} with its compiled parser"
    return False, "http: aiohttp runs without its compiled parser. Install a binary wheel of it."


def _folder(paths: Paths) -> Check:
    paths.prepare()
    try:
        # Writes nothing where one runs, which has shown that it can.
        with InstanceLock(paths.lock) as lock:
            lock.acquire()
    except StoreError as error:
        return False, f"data: {error}"
    except OSError as error:
        return False, f"data: {paths.home} cannot be written: {error.strerror}. Look at its disk."
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    notes = " ".join(loaded.notes)
    return not loaded.notes, f"data: {paths.home}" + (f" ({notes})" if notes else "")


def port_check(paths: Paths, environ: Mapping[str, str]) -> Check:
    """Whether the port is free, or Portico's own."""
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


def _network(paths: Paths, environ: Mapping[str, str], site: Site) -> Check:
    """Whether the site can be reached, the way that calls go."""
    with contextlib.suppress(ConnectionError):
        running = ask(str(paths.door), {"do": "status"}).get("site", site.name)
        if running != site.name:
            return True, f"network: not needed, the Portico that runs is in {running} mode"
    settings = effective(load(paths.settings, lambda: datetime.now(UTC)).settings, environ, {})
    proxy = outbound_proxy(settings.outbound_proxy, site.chat_origin)
    host = urlsplit(site.chat_origin).hostname
    try:
        reach(site.chat_origin, proxy)
    except UnreachedError as error:
        return False, f"network: {host} cannot be reached: {error}"
    return True, f"network: {host} can be reached{' through the proxy' if proxy else ''}"


def _session(paths: Paths) -> Check:
    """Who is signed in, as the Portico that runs says, else as the keyring does."""
    try:
        told = ask(str(paths.door), {"do": "status"})["session"]
    except ConnectionError:
        return _kept_session(paths)
    note = f" {told['note']}" if told["note"] else ""
    good = told["state"] in {"signed_in", "signed_out"}
    return good, f"session: {session_line(told)}.{note}"


def _kept_session(paths: Paths) -> Check:
    keeper = Keeper(open_ring, paths.keyring_label)
    try:
        session = from_text(keeper.load(SESSION).result(_KEYRING_S)[SESSION] or "")
    except RingAbsentError:
        session = None
    except RingError as error:
        return False, f"session: not known. {error} Unlock or repair it and try again."
    except TimeoutError:
        return False, "session: not known, since the keyring does not answer. Try again."
    if session is None and Profile(paths.profile).is_signed_in:
        return True, "session: signed in, in Portico's window"
    if session is None:
        return True, "session: nobody is signed in. Choose Sign in in Portico's menu."
    who = f" as {session.account}" if session.account else ""
    return True, f"session: signed in{who}, as the keyring has it"


SESSION_WORDS = {
    "signed_in": "signed in",
    "signed_out": "nobody is signed in",
    "locked": "not known yet",
    "guest": "a guest's",
    "expired": "ended",
    "revoked": "ended by Qwen",
    "refused": "refused by Qwen",
    "windowless": "of a window that is not here",
}


def session_line(session: Mapping[str, Any]) -> str:
    """A session of the status in words."""
    line = SESSION_WORDS.get(session["state"], str(session["state"]))
    signed_in = session["state"] == "signed_in"
    if session["account"]:
        line += f" as {session['account']}" if signed_in else f" ({session['account']})"
    if session["expires_at"] and signed_in:
        ends = datetime.fromtimestamp(session["expires_at"], UTC).astimezone()
        line += f", until {ends:%H:%M}" + (" and then renewed" if session["renews"] else "")
    return line


def _statistics(paths: Paths) -> list[Check]:
    """Told only where they cannot be read."""
    try:
        Statistics(paths.statistics).latest(1)
    except StoreError as error:
        return [(False, f"statistics: {error}")]
    return []


def keyring_check(paths: Paths) -> Check:
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
    return [tray_check(), windows_check()]


def tray_check() -> Check:
    """Whether there is somewhere to show an icon."""
    if sys.platform != "linux":
        return True, "tray: the system has one"
    from tray_app.desktop.sni import has_panel

    if asyncio.run(has_panel()):
        return True, "tray: a panel shows icons"
    return False, (
        "tray: no panel here shows icons, so Portico opens its window instead. "
        "On GNOME add the AppIndicator extension."
    )


def windows_check() -> Check:
    """Ask a window's process, which alone may load a web engine."""
    asked = subprocess.run(
        command("status"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_WINDOW_S, check=False,
    )  # fmt: skip
    if asked.returncode == 0:
        return True, "windows: the web engine is there"
    fault = next((name for name in _ENGINE if f'"{name}"' in asked.stdout), "")
    return False, f"windows: {_ENGINE.get(fault, 'none can be shown. The log may say why.')}"
