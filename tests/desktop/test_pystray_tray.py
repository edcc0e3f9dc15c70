"""What the tray by pystray does on any system; it is seen drawing in test_pystray_xorg."""

import os
import subprocess
import sys
import threading
import time

import pytest

from tray_app.desktop.pystray_tray import within

WAIT_S = 10.0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_it_says_what_to_do() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "-m", "tests.desktop.pystray_child"]
    said = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=WAIT_S, check=True
    ).stdout

    assert said.startswith("none There is no screen for an icon. Start Portico")


def test_the_end_of_a_session_is_held_up_for_work_that_is_done_soon() -> None:
    done = threading.Event()

    assert within(WAIT_S, done.set)
    assert done.is_set()


@pytest.mark.slow
def test_the_end_of_a_session_is_not_held_up_for_long() -> None:
    may_end = threading.Event()
    begun_s = time.monotonic()

    def goes_on() -> None:
        may_end.wait()

    assert not within(1.0, goes_on)
    assert time.monotonic() - begun_s < WAIT_S
    may_end.set()
