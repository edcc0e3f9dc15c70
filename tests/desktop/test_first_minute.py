"""Somebody starts it for the first time: the notice, the sign-in page, an app, and an answer."""

import sys
import time
from pathlib import Path

import pytest

from tests.desktop.running import Tray, tray
from tests.desktop.test_panes import CONNECT, press
from tests.desktop.test_signing_in_on_screen import SIGN_IN, sign_in
from tests.desktop.xfce import xfce
from tests.waiting import until

pytestmark = pytest.mark.desktop


WITHIN_S = 40.0
"""A window whose web engine does not begin is drawn anew after a quarter of a minute."""


def sees(running: Tray, name: str) -> None:
    """Wait until this is in a window."""
    until(lambda: name in running.eyes.names(), within_s=WITHIN_S)


def sign_out(running: Tray) -> None:
    """Be nobody: in practice mode somebody is signed in from the start."""
    running.line("Practice mode on port")
    running.remote.click("Sign out…")
    sees(running, "Cancel")
    running.press("Sign out", "Sign out")
    running.line("Nobody is signed in")


def connect(running: Tray) -> str:
    """Go the way that the window shows which comes by itself; returns the app's key."""
    until(lambda: running.has_window(CONNECT), within_s=WITHIN_S)
    sees(running, "Sign in…")
    running.eyes.click("Sign in…")
    sees(running, "I understand, go on")
    running.eyes.click("I understand, go on")
    until(lambda: running.has_window(SIGN_IN), within_s=WITHIN_S)
    sees(running, "Email")
    sign_in(running, "me@example.org")
    until(lambda: running.eyes.active() == CONNECT, within_s=WITHIN_S)
    running.line("Practice mode on port")
    running.eyes.click("Roo Code Editor")
    press(running, "Copy: API key")
    until(lambda: "Copied" in running.eyes.names())
    key = str(until(running.pasted))
    press(running, "Try now")
    until(lambda: [one for one in running.eyes.names() if one.startswith("It works: ")])
    return key


def test_the_first_run_takes_less_than_a_minute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with xfce(tmp_path / "desktop") as desktop:
        began_s = time.monotonic()
        with tray(desktop, tmp_path / "portico") as running:
            sign_out(running)
            key = connect(running)
            took_s = time.monotonic() - began_s
            answered = running.portico.chat(key)

            assert key == running.portico.say("key", "show", "roo-code")
    with capsys.disabled():
        sys.stdout.write(f"\nthe first run, with signing out before it: {took_s:.1f} s\n")

    assert answered[0] == 200
    assert took_s < 60
