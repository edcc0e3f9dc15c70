"""A desktop, and a network with the site in it, for each test."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desktop.screen import Eyes
from tests.desktop.xfce import Xfce
from tests.named.box import Box, box
from tests.named.person import Person

SIZE = "1400x1000x24"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: sockets are in it."""
    made = Path(tempfile.mkdtemp(prefix="named-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def desk(folder: Path) -> Iterator[Xfce]:
    """A desktop with a panel."""
    (folder / "desk").mkdir()
    desktop = Xfce(folder / "desk", SIZE)
    try:
        desktop.start(panel=True)
        yield desktop
    finally:
        desktop.stop()


@contextmanager
def keyring(desk: Xfce) -> Iterator[None]:
    """A keyring on this desktop, which is open, until the context is over."""
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
        env=desk.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert daemon.stdin is not None
    daemon.stdin.write(b"a password")
    daemon.stdin.close()
    asked = ["gdbus", "wait", "--session", "--timeout", "20", "org.freedesktop.secrets"]
    try:
        subprocess.run(asked, env=desk.environment, check=True, timeout=30)
        yield
    finally:
        daemon.kill()
        daemon.wait()


@pytest.fixture
def person(desk: Xfce) -> Person:
    """Whoever sits before it."""
    return Person(Eyes(environment_of(desk)))


@pytest.fixture
def named(folder: Path) -> Iterator[Box]:
    """The network and its site, whose certificate is good."""
    (folder / "box").mkdir()
    with box(folder / "box") as made:
        yield made


@pytest.fixture
def unnamed(folder: Path) -> Iterator[Box]:
    """The same with a certificate that nobody has signed whom this computer trusts."""
    (folder / "unbox").mkdir()
    with box(folder / "unbox", trusted=False) as made:
        yield made


def environment_of(desk: Xfce) -> dict[str, str]:
    """What makes a program use this desktop."""
    return {
        **desk.environment,
        "GTK_THEME": "Adwaita",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
    }
