"""Who holds the clipboard says how it went: the rest is shown with the clipboard."""

import os
import subprocess
import sys

import msgspec
import pytest

from tray_app.desktop.selection import NO_DISPLAY, Offer


@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
def test_without_a_display_it_says_so_and_ends() -> None:
    offer = msgspec.json.encode(Offer({"STRING": b"x"}, 5.0))
    environ = {**os.environ, "DISPLAY": ":4711"}
    ended = subprocess.run(
        [sys.executable, "-m", "tray_app", "clipboard"],
        input=offer, capture_output=True, env=environ, check=False, timeout=20,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout.decode().strip()) == (1, NO_DISPLAY)
    assert ended.stderr == b""
