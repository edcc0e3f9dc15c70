"""Stdin, stdout and stderr as a command finds them: missing, of a narrow encoding, full, or closed.

Whoever reads the beginning alone has seen enough, so an early end of a pipe is no fault.
"""

import errno
import io
import os
import sys
from typing import TextIO

NO = 1
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def prepare() -> None:
    """Put something in the place of what is missing, and let no character be in the way."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123
            if nothing.fileno() <= 2:
                # It has the place of a stream, which what is started from here is to find too.
                os.set_inheritable(nothing.fileno(), True)  # noqa: FBT003
            setattr(sys, name, nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def speak_utf8() -> None:
    """Let stdout have every character, with line ends as they are written: for files of data."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")


def mute() -> None:
    """Lose what is said from now on, and what nobody has taken yet."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _lose(stream)


def _lose(stream: TextIO) -> None:
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return


def finish(code: int) -> int:
    """Send out what is left at the end; returns the exit code, which is 1 where it has no room."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        mute()
    except OSError as error:
        told = cannot_say(error)
        return code if told is None else told or code
    return code


def cannot_say(error: OSError) -> int | None:
    """Tell of what keeps words from being written; returns the exit code, None for other faults."""
    if isinstance(error, BrokenPipeError):
        mute()
        return 0
    if error.errno not in _NO_ROOM:
        return None
    mute()
    try:
        why = error.strerror or type(error).__name__
        sys.stderr.write(f"portico: Nothing more can be written: {why}. Make room.\n")
    except OSError:
        mute()
    return NO
