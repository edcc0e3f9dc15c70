"""A child's pipes to its parent."""

import subprocess
import sys
import time

import pytest

_CHILD = """
import os, sys
from tray_app.desktop.windows.messages import MessageError
from tray_app.desktop.windows.wire import Wire

def read(line):
    if not line.startswith(b"ok"):
        raise MessageError("no")
    return line

wire = Wire(read, lambda text: text.encode() + b"\\n", 64)
print("noise of a library")
os.write(1, b"more of it")
assert sys.stdin.read() == ""
wire.listen()
while (heard := wire.heard.get()) is not None:
    if isinstance(heard, MessageError):
        wire.tell("bad")
    elif heard == b"ok much\\n":
        wire.tell("x" * 3_000_000)
    else:
        wire.tell(heard.decode().strip())
wire.tell("over")
if __import__("os").environ.get("HANGS"):
    __import__("threading").Event().wait()
"""


def started(**more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=more,
    )  # fmt: skip


def test_only_what_is_told_is_on_the_pipe() -> None:
    told, errors = started().communicate(b"ok one\nok two\n", timeout=20)

    assert told.split() == [b"ok", b"one", b"ok", b"two", b"over"]
    assert b"noise of a library" in errors
    assert b"more of it" in errors


@pytest.mark.parametrize("said", [b"nonsense\n", b"ok" + b"x" * 100])
def test_a_line_that_makes_no_sense_is_the_last(said: bytes) -> None:
    told, _ = started().communicate(b"ok one\n" + said + b"\nok two\n", timeout=20)

    assert told.split()[:2] == [b"ok", b"one"]
    assert b"two" not in told


def test_a_large_message_waits_for_a_parent_that_reads_slowly() -> None:
    with started() as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"ok much\nok last\n")
        child.stdin.close()
        time.sleep(0.5)

        told = child.stdout.read()

    assert told == b"x" * 3_000_000 + b"\nok last\nover\n"


@pytest.mark.slow
def test_a_child_that_hangs_ends_when_its_parent_is_gone() -> None:
    child = started(HANGS="1")

    told, _ = child.communicate(b"ok one\n", timeout=20)

    assert told.split()[-1] == b"over"
    assert child.returncode == 0
