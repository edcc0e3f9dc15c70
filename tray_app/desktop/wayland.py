"""The clipboard of Wayland, by the program `wl-copy`, which reads the text from its stdin."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping

from .opening import without_bundle

_ANSWER_S = 5.0


class WaylandError(OSError):
    """There is no clipboard of Wayland, or it did not take the text."""


def is_better(environ: Mapping[str, str]) -> bool:
    """Whether this is the way to copy although X11 can be had too.

    Seen: 2026-11, in the sources of KWin and wlroots: what an X11 program copies reaches the others
    only while one has the keyboard, and ours never has it. GNOME's passes it on at any time, but
    there `wl-copy` must take the keyboard for a moment, and may hang (its issues 90 and 163).
    """
    desktops = environ.get("XDG_CURRENT_DESKTOP", "").split(":")
    there = environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy")
    return bool(there) and "GNOME" not in desktops


def put(text: str, *, secret: bool) -> None:
    """Have a process of `wl-copy` hold a text, until something else is copied.

    Raises `WaylandError`. Blocks shortly.
    """
    if shutil.which("wl-copy") is None or not os.environ.get("WAYLAND_DISPLAY"):
        raise WaylandError("there is no display")
    # Before 2.3 it does not know how to mark a secret, and takes nothing then.
    try:
        if not (secret and _took("wl-copy", "--sensitive", given=text)):
            _run("wl-copy", given=text)
    except (OSError, subprocess.SubprocessError) as error:
        raise WaylandError(f"wl-copy did not take the text: {type(error).__name__}") from None


def clear(text: str) -> None:
    """Empty the clipboard if this text is still there; blocks shortly."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if _run("wl-paste", "--no-newline", told=subprocess.PIPE) == text.encode():
            _run("wl-copy", "--clear")


def _took(*words: str, given: str) -> bool:
    """Whether it understood and did it; one that hangs may have understood."""
    try:
        _run(*words, given=given)
    except subprocess.CalledProcessError:
        return False
    return True


def _run(program: str, *words: str, given: str = "", told: int = subprocess.DEVNULL) -> bytes:
    # By default nothing is read: what holds the text stays, and keeps a pipe open as long.
    done = subprocess.run(
        [shutil.which(program) or program, *words], input=given.encode(), stdout=told,
        stderr=subprocess.DEVNULL, timeout=_ANSWER_S, check=True, env=without_bundle(os.environ),
    )  # fmt: skip
    return done.stdout or b""
