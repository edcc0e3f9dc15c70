"""Copying a key or an address, so that secrets do not stay: S110.

A secret is marked as one, for histories and clouds to leave it out, and is gone after a minute
unless something else was copied meanwhile. On X11 a process of its own holds it (`selection`), on
Wayland a program of that system (`wayland`), on Windows and macOS the system does (`pasteboard`).
"""

import atexit
import contextlib
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

import msgspec

from . import wayland
from .selection import HELD, Offer

SECRET_S = 60.0
PLAIN_S = 600.0
"""How long an address is held on Linux where nothing else is copied."""
_ANSWER_S = 5.0

_owner: "subprocess.Popen[bytes] | None" = None
_due: threading.Timer | None = None
_one_at_a_time = threading.Lock()
_numbers = itertools.count(1)
_newest = 0


class ClipboardError(Exception):
    """There is no clipboard that could be used."""


def copy(text: str, *, secret: bool, secret_s: float = SECRET_S) -> "Future[None]":
    """Put a text on the clipboard; returns at once, and may be called from any thread.

    The result is a `ClipboardError` where that cannot be done.

    Args:
        text: What is copied.
        secret: Whether it is to be kept out of histories and to be gone soon.
        secret_s: How soon that is.
    """
    done: Future[None] = Future()
    done.set_running_or_notify_cancel()  # whoever stops waiting does not stop this
    number = next(_numbers)

    def work() -> None:
        global _newest
        try:
            with _one_at_a_time:
                if number > _newest:  # else a later copy was quicker and has replaced this one
                    _newest = number
                    _copy(text, secret, secret_s)
        except OSError as error:
            done.set_exception(ClipboardError(str(error)))
        except BaseException as error:  # noqa: BLE001  whoever asked must be told
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=work, name="clipboard", daemon=True).start()
    return done


def _copy(text: str, secret: bool, secret_s: float) -> None:  # noqa: FBT001
    given = formats(text, secret=secret, system=sys.platform)
    if sys.platform in {"win32", "darwin"}:
        from .pasteboard import clear, put

        mark = put(given)
        _forget(secret_s if secret else None, lambda: clear(mark))
    elif os.environ.get("DISPLAY") and not wayland.is_better(os.environ):
        _have_held(given, secret_s if secret else PLAIN_S)
    else:
        wayland.put(text, secret=secret)
        _forget(secret_s if secret else None, lambda: wayland.clear(text))


def formats(text: str, *, secret: bool, system: str) -> dict[str, bytes]:
    """What goes onto the clipboard, by the names that the system has for it.

    Args:
        text: What is copied.
        secret: Whether histories, clouds and password managers are told to leave it out.
        system: As `sys.platform` says it.
    """
    if system == "win32":
        given = {"CF_UNICODETEXT": text.encode("utf-16-le") + b"\0\0"}
        marks = {
            "ExcludeClipboardContentFromMonitorProcessing": bytes(4),
            "CanIncludeInClipboardHistory": bytes(4),
            "CanUploadToCloudClipboard": bytes(4),
        }
    elif system == "darwin":
        given = {"public.utf8-plain-text": text.encode()}
        marks = {"org.nspasteboard.ConcealedType": b""}
    else:
        names = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain")
        given = dict.fromkeys(names, text.encode())
        with contextlib.suppress(UnicodeEncodeError):
            given["STRING"] = text.encode("latin-1")  # by its definition
        marks = {"x-kde-passwordManagerHint": b"secret"}
    return {**given, **(marks if secret else {})}


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "clipboard"]
    return [sys.executable, "-m", "tray_app", "clipboard"]


def _have_held(targets: dict[str, bytes], lasts_s: float) -> None:
    """Start a process that holds these; the one before goes once this one has taken over."""
    global _owner
    owner = subprocess.Popen(
        _command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    threading.Thread(target=owner.wait, name="clipboard-owner", daemon=True).start()
    if owner.stdin is None or owner.stdout is None:
        raise ClipboardError("no pipes")
    late = threading.Timer(_ANSWER_S, owner.kill)
    late.daemon = True
    late.start()
    with contextlib.suppress(OSError):
        owner.stdin.write(msgspec.json.encode(Offer(targets, lasts_s)))
        owner.stdin.close()
    told = owner.stdout.readline().decode(errors="replace").strip()
    late.cancel()
    owner.stdout.close()
    if told != HELD:
        raise ClipboardError(told or "the clipboard does not answer")
    if _owner is not None and _owner.poll() is None:
        _owner.terminate()
    _owner = owner


def _forget(in_s: float | None, deed: Callable[[], object]) -> None:
    """Do this when a secret's time is over; without a time only stop waiting for the last one's."""
    global _due
    if _due is not None:
        _due.cancel()
    _due = None
    if in_s is not None:
        _due = threading.Timer(in_s, deed)
        _due.daemon = True
        _due.start()


@atexit.register
def _forget_now() -> None:
    """Where the system holds a secret, it does not outlive who would have cleared it."""
    if _due is not None and _due.is_alive():
        _due.cancel()
        _due.function()
