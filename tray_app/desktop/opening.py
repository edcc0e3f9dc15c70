"""Opening folders and pages with whatever the person's desktop opens them with."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from urllib.parse import urlsplit

_OPENERS = {"darwin": "open", "linux": "xdg-open"}
_SOON_S = 5.0
"""An opener that found nothing to open it with says so sooner than this."""


class OpeningError(Exception):
    """Nothing here can open it."""


def open_folder(folder: Path) -> "Future[None]":
    """Show a folder; returns at once.

    Raises `OpeningError`; what shows only a moment later is the result's.
    """
    if not folder.is_dir():
        raise OpeningError(f"{folder} is not there")
    return _open(str(folder.absolute()))


def open_page(url: str) -> "Future[None]":
    """Show a page of the web in the person's browser; returns and raises as `open_folder` does."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise OpeningError(str(error)) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise OpeningError("this is no page of the web")
    if " " in url or not url.isprintable():
        raise OpeningError("this is no address")
    return _open(url)


def _open(what: str) -> "Future[None]":
    """The call for Windows has not run here."""
    done: Future[None] = Future()
    done.set_running_or_notify_cancel()  # whoever stops waiting does not stop this
    try:
        if sys.platform == "win32":
            os.startfile(what)  # noqa: S606
            done.set_result(None)
            return done
        opener = subprocess.Popen(
            [_OPENERS.get(sys.platform, "xdg-open"), what],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=without_bundle(os.environ),
        )
    except OSError as error:
        raise OpeningError(str(error)) from error
    threading.Thread(target=_watch, args=(opener, done), name="opener", daemon=True).start()
    return done


def _watch(opener: "subprocess.Popen[bytes]", done: "Future[None]") -> None:
    try:
        code = opener.wait(_SOON_S)
    except subprocess.TimeoutExpired:
        # Some openers stay as long as what they opened; somebody must take note of their end.
        done.set_result(None)
        opener.wait()
        return
    if code:
        done.set_exception(OpeningError(f"the opener ended with {code}"))
    else:
        done.set_result(None)


def without_bundle(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for programs of the system, without what is a frozen Portico's own."""
    clean = dict(environ)
    if not getattr(sys, "frozen", False):
        return clean
    original = clean.pop("LD_LIBRARY_PATH_ORIG", None)
    clean.pop("LD_LIBRARY_PATH", None)
    if original:
        clean["LD_LIBRARY_PATH"] = original
    bundle = getattr(sys, "_MEIPASS", None)
    for name, value in list(clean.items()):
        if bundle and bundle in value:
            # Set at its start, for its own libraries: modules in there would be loaded by others.
            places = value.split(os.pathsep)
            clean[name] = os.pathsep.join(
                place for place in places if not Path(place).is_relative_to(bundle)
            )
    return {name: value for name, value in clean.items() if value or not environ.get(name)}
