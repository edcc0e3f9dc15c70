"""The installed package in the hands of an ordinary person, from the first start to its removal."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.desktop.remote import Remote
from tests.desktop.running import Tray
from tests.desktop.test_first_minute import connect, sign_out
from tests.desktop.test_panes import CONNECT, opened
from tests.package.building import Built
from tests.package.person import Person, person, quit_by_menu
from tests.package.test_deb import COMMAND, answer, installed, left, removed
from tests.ports import free_port
from tests.waiting import until
from tray_app.desktop.login import APP_ID

pytestmark = [
    pytest.mark.package,
    pytest.mark.skipif(os.geteuid() != 0, reason="installing a package needs root"),
]

ENTRY = Path(f"/usr/share/applications/{APP_ID}.desktop")
PROGRAM = "/usr/lib/portico/portico"
SIZES = (16, 24, 32, 48, 64, 128, 256)
_THEME = """
import sys, gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
theme = Gtk.IconTheme.get_default()
for size in sys.argv[1:]:
    print(theme.lookup_icon("portico", int(size), Gtk.IconLookupFlags(0)).get_filename())
"""


@pytest.fixture
def somebody() -> Iterator[Person]:
    with person() as made:
        yield made


WINDOWS = {
    "Settings…": ("Portico - Settings", "Answers"),
    "Activity…": ("Portico - Activity", "Roo Code Requests in 30 days: 2"),
    "What models can do…": ("Portico - Models", "Sees pictures"),
    "About and diagnostics…": ("Portico - About", "Diagnostics"),
}
"""By their rows in the menu: their titles, and something in each."""


def look_around(running: Tray) -> None:
    """Open every window that is left, and read it."""
    for row, (title, name) in WINDOWS.items():
        opened(running, row, title)
        running.eyes.find(name)
        running.eyes.keys("Escape")
        until_gone(running, title)


def until_gone(running: Tray, title: str) -> None:
    """Wait until no window has this title."""
    until(lambda: not running.has_window(title))


def running_ones() -> list[str]:
    """What runs of the package, whoever started it."""
    found = psutil.process_iter(["exe", "cmdline"])
    return [
        str(one.info) for one in found if (one.info["exe"] or "").startswith("/usr/lib/portico")
    ]


def test_a_person_signs_in_connects_an_app_has_a_chat_and_removes_it(
    built: Built, somebody: Person
) -> None:
    """P19"""
    port = free_port()
    with installed(built) as files:
        words = (COMMAND, "--practice", "--port", str(port))
        with somebody.running(*words, port=port) as running:
            sign_out(running)
            key = somebody.run(COMMAND, "key", "show").strip()
            before = answer(port, key)
            apps_key = connect(running)
            session = somebody.run(COMMAND, "session", "show")
            after = answer(port, apps_key)
            look_around(running)
            quit_by_menu(running)
        assert running_ones() == []
        removed()

    assert before[0] == 401
    assert "me@example.org" in session
    assert after[0] == 200
    assert "Hello there" in after[1]
    assert left(files) == []


def test_a_menu_starts_it_and_no_login_does_once_it_is_removed(
    built: Built, somebody: Person
) -> None:
    """P19"""
    somebody.environment["PORTICO_PORT"] = str(free_port())
    tray = Remote(somebody.environment["DBUS_SESSION_BUS_ADDRESS"])
    at_login = somebody.home / ".config/autostart" / ENTRY.name
    with installed(built):
        icons = somebody.run("/usr/bin/python3", "-c", _THEME, *map(str, SIZES)).split()
        assert somebody.launches(ENTRY)
        until(lambda: tray.tip().startswith("Nobody is signed in"), within_s=30)
        until(lambda: somebody.windows(CONNECT), within_s=30)
        tray.click("Start with the computer")
        until(lambda: tray.row("Start with the computer")["toggle-state"] == 1)
        quit_from(tray)
        entry = at_login.read_text(encoding="utf-8").split("\n")

        assert somebody.launches(at_login)
        until(lambda: tray.tip().startswith("Nobody is signed in"), within_s=30)
        until(lambda: "--hidden" in running_ones()[0])
        quit_from(tray)
        removed()

    assert icons == [f"/usr/share/icons/hicolor/{size}x{size}/apps/portico.png" for size in SIZES]
    assert {f"Exec={PROGRAM} --hidden", f"TryExec={PROGRAM}"} <= {*entry}
    assert not somebody.launches(at_login)
    assert running_ones() == []


def quit_from(tray: Remote) -> None:
    """Quit what was started by somebody else, and see it go."""
    assert running_ones() != []
    tray.click("Quit Portico")
    until(lambda: running_ones() == [], within_s=30)
